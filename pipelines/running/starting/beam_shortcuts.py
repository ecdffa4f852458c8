"""Shortcut in Beam's construction of pipelines and bundles, for the version that requirements.txt pins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from apache_beam.transforms import core

Arguments = tuple[list[str], list[Any]]
"""The names of a function's arguments, and the values of those that have defaults."""


def remember_arguments() -> None:
    """Lets Beam inspect each function once in this process. Calling it again does nothing.

    Beam inspects every method of every DoFn for each stage, several times: 23,000 signatures for one recording, and
    each takes 20 µs.
    """
    if not isinstance(core.get_function_args_defaults, _Remembered):
        core.get_function_args_defaults = _Remembered(core.get_function_args_defaults)


class _Remembered:
    def __init__(self, inspect: Callable[[Any], Arguments]) -> None:
        self._inspect = inspect
        self._known: WeakKeyDictionary[Any, Arguments] = WeakKeyDictionary()

    def __call__(self, function: Any) -> Arguments:
        # Only methods: what is bound to them changes none of their arguments. Others may be anything that is callable.
        definition = getattr(function, "__func__", None)
        if definition is None:
            return self._inspect(function)
        known = self._known.get(definition)
        if known is None:
            known = self._known[definition] = self._inspect(function)
        names, defaults = known
        return list(names), list(defaults)
