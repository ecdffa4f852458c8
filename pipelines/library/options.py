"""Options of the library: those of `hushbeam redact`, given by name."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from hushbeam.pipelines.library.own_recognisers import names_of
from hushbeam.pipelines.options.arguments import leaves, nested
from hushbeam.pipelines.options.commands.redact import RedactOptions
from hushbeam.pipelines.options.parsing import explained
from hushbeam.schemas.errors import ConfigurationError

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
      ConfigurationError: An option is unknown or wrong; the message is that of the command line.
    """
    options = dict(leaves(RedactOptions))
    without |= _OF_THE_COMMAND
    known = options.keys() - _OWN_ARGUMENTS - without
    for name in given:
        if name in without:
            raise ConfigurationError(f"--{name}: only the command has this option; leave it out")
        if name not in known:
            near = get_close_matches(name, known | own.keys(), n=1)
            raise ConfigurationError(f"unknown option {name}" + (f"; did you mean {near[0]}?" if near else ""))
    values = {name: _plain(name, value, options[name]) for name, value in {**given, **own}.items()}
    try:
        checked = RedactOptions.model_validate(nested(RedactOptions, values))
    except ValidationError as error:
        raise ConfigurationError(explained(error, values, options)[0].message) from None
    for wrong in checked.wrong_together() if "inputs" in own else checked.wrong_request():
        raise ConfigurationError(wrong.message)
    return checked


def _plain(name: str, value: Any, field: FieldInfo) -> Any:
    if name == "recognisers":
        return names_of(value if isinstance(value, type | Iterable) else (value,))
    if get_origin(field.annotation) is tuple:
        value = (value,) if isinstance(value, str | os.PathLike) or not isinstance(value, Iterable) else value
        return tuple(os.fspath(one) if isinstance(one, os.PathLike) else one for one in value)
    return os.fspath(value) if isinstance(value, os.PathLike) else value
