"""The shortcut in Beam's inspection of functions."""

from __future__ import annotations

from typing import Any

import apache_beam as beam
import pytest
from apache_beam.transforms import core

from hushbeam.pipelines.running.starting.beam_shortcuts import remember_arguments


class _Fn(beam.DoFn):
    def process(self, element: int, more: int = 3, stamp: Any = beam.DoFn.TimestampParam) -> list[int]:
        return [element + more]


def test_answers_are_those_of_beam_and_belong_to_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    inspect = core.get_function_args_defaults
    inspected: list[Any] = []

    def counting(function: Any) -> Any:
        inspected.append(function)
        return inspect(function)

    monkeypatch.setattr(core, "get_function_args_defaults", counting)
    remember_arguments()
    remember_arguments()
    for function in (_Fn().process, _Fn().process, len, lambda one, two=2: None):
        names, defaults = core.get_function_args_defaults(function)
        assert (names, defaults) == inspect(function)
        names.clear()
    assert len(inspected) == 3, "a method is inspected once, whatever it is bound to"
