"""Options of the library: those of `hushbeam redact`, given by name."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic.fields import FieldInfo

from hushbeam.pipelines.library.own_recognisers import names_of
from hushbeam.pipelines.options.arguments import is_list, leaves, nested
from hushbeam.pipelines.options.commands.redact import RedactOptions
from hushbeam.pipelines.options.parsing import validated
from hushbeam.pipelines.options.wrong import WrongOption, WrongOptions

_OWN_ARGUMENTS = frozenset({"inputs", "manifest", "output"})
"""What functions take under a name of their own."""
_OF_THE_COMMAND = frozenset({"json", "fail_above", "allow_empty", "wait_for_lock", "runner"})
"""What only a process with an exit status needs, and Beam's options, which a pipeline of the caller's has already."""


def redact_options(given: Mapping[str, Any], *, without: frozenset[str] = frozenset(), **own: Any) -> RedactOptions:
    """The options of a run.

    Args:
      given: Values by the names of the flags, without dashes: `{"policies": ["pci"], "verify": "all"}`.
      without: Options that the caller does not have.
      own: What the caller takes as arguments of its own.

    Raises:
      ConfigurationError: Options are unknown or wrong; the message has a line for each, as on the command line.
    """
    options = dict(leaves(RedactOptions))
    without |= _OF_THE_COMMAND
    known = options.keys() - _OWN_ARGUMENTS - without
    wrong, values = WrongOptions(), {}
    for name, value in {**given, **own}.items():
        if name in without:
            wrong.add([WrongOption(f"--{name}: only the command has this option; leave it out")])
        elif name == "manifest" and "inputs" in own:
            wrong.add([WrongOption("unknown option manifest; give manifests as inputs", frozenset({"inputs"}))])
        elif name not in known | own.keys():
            near = next(iter(get_close_matches(name, known | own.keys(), n=1)), None)
            meant = f"; did you mean {near}?" if near else ""
            wrong.add([WrongOption(f"unknown option {name}{meant}", frozenset({near} if near else ()))])
        else:
            with wrong.collecting(name):
                values[name] = _plain(name, value, options[name])
    checked = validated(RedactOptions, nested(RedactOptions, values), values, wrong)
    if checked is not None:
        wrong.add(checked.wrong_together() if "inputs" in own else checked.wrong_request())
    wrong.raise_any()
    assert checked is not None
    return checked


def _plain(name: str, value: Any, field: FieldInfo) -> Any:
    if name == "recognisers":
        return names_of(value)
    if isinstance(value, str | os.PathLike):
        value = os.fspath(value)
        return (value,) if is_list(field) else value
    if is_list(field) and isinstance(value, Iterable):
        return tuple(os.fspath(one) if isinstance(one, os.PathLike) else one for one in value)
    return value
