"""Objects that tests keep in memory between runs of a job."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.coders import VarIntCoder
from apache_beam.internal import pickler
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions, TypeOptions
from apache_beam.transforms import userstate
from apache_beam.transforms.userstate import CombiningValueStateSpec, TimerSpec, on_timer
from apache_beam.typehints import decorators
from apache_beam.utils.shared import Shared
from objsize import traverse

from hushbeam.transforms.audit import leak_check as audit
from hushbeam.transforms.detect_pii import transform as detect_pii
from hushbeam.transforms.transcribe import transform as transcribe
from hushbeam.transforms.verify_audio import transform as verify_audio
from tests.kept_between_runs import MODELS, ModelsInMemory, no_models_in_memory


class SpeechEngine:
    """Named like a model; `_broken` is set where it has failed."""

    _broken: Exception | None = None


def test_every_class_that_is_kept_is_one_that_stages_load() -> None:
    loaded = {name for module in (audit, detect_pii, transcribe, verify_audio) for name in vars(module)}
    assert loaded >= MODELS, "a model has another name now: tests load it again for every run"


def test_a_model_is_kept_by_its_settings_until_it_breaks() -> None:
    models = ModelsInMemory()
    first = models.acquire("engine", SpeechEngine, "tiny")
    second = models.acquire("engine", SpeechEngine, "base")
    assert models.acquire("engine", SpeechEngine, "tiny") is first
    assert models.acquire("engine", SpeechEngine, "base") is second is not first
    second._broken = RuntimeError()
    assert models.acquire("engine", SpeechEngine, "base") is not second


def test_few_settings_are_kept() -> None:
    models = ModelsInMemory()
    first = models.acquire("engine", SpeechEngine, "tiny")
    for settings in ("base", "small"):
        models.acquire("engine", SpeechEngine, settings)
    again = models.acquire("engine", SpeechEngine, "tiny")
    assert again is not first


def test_a_test_may_begin_without_models() -> None:
    handle = Shared()
    before = handle.acquire(SpeechEngine, "tiny")
    with no_models_in_memory():
        assert handle.acquire(SpeechEngine, "tiny") is not before
    assert handle.acquire(SpeechEngine, "tiny") is before


@pytest.mark.parametrize("streaming", [True, False])
def test_options_that_change_are_seen_by_every_view(streaming: bool) -> None:
    options = PipelineOptions()
    options.view_as(StandardOptions).streaming = streaming
    options.view_as(TypeOptions).runtime_type_check = streaming
    assert options.view_as(StandardOptions).streaming is streaming
    assert options.get_all_options()["runtime_type_check"] is streaming
    assert PipelineOptions().view_as(StandardOptions).streaming is not True


SEEN = CombiningValueStateSpec("seen", VarIntCoder(), sum)
WAKE = TimerSpec("wake", beam.TimeDomain.WATERMARK)
SEEN_PARAMETER, WAKE_PARAMETER = beam.DoFn.StateParam(SEEN), beam.DoFn.TimerParam(WAKE)


class _Plain(beam.DoFn):
    def process(self, element: int) -> Iterator[int]:
        yield element


class _Counting(beam.DoFn):
    def process(self, element: int, seen: Any = SEEN_PARAMETER) -> Iterator[int]:
        yield element

    @on_timer(WAKE)
    def wake(self, wake: Any = WAKE_PARAMETER) -> None:
        pass


class _Calling(beam.DoFn):
    """Calls a method of another, which Beam looks at like at its own."""

    def __init__(self, method: Callable[..., Any]) -> None:
        self.method = method

    def process(self, element: int) -> Iterator[int]:
        yield from self.method(element)


def test_the_state_of_each_class_is_that_which_beam_finds() -> None:
    for _ in range(2):
        for stateless in (_Plain(), _Calling(_Plain().process)):
            assert userstate.get_dofn_specs(stateless) == (set(), set())
        states, timers = userstate.get_dofn_specs(_Counting())
        assert (states, timers) == ({SEEN}, {WAKE})
        states.clear()
        assert userstate.get_dofn_specs(_Calling(_Counting().process)) == ({SEEN}, set())


def test_a_function_that_yields_and_returns_is_told_each_time(caplog: pytest.LogCaptureFixture) -> None:
    class Mixed(beam.DoFn):
        def process(self, element: int) -> Any:
            yield element
            return [element]

    for _ in range(2):
        caplog.clear()
        beam.ParDo(Mixed())
        assert "Using yield and return in the process method" in caplog.text
    caplog.clear()
    beam.ParDo(_Plain())
    assert caplog.text == ""


def test_signatures_of_functions_and_of_what_is_bound_are_those_of_python() -> None:
    for _ in range(2):
        assert list(decorators.get_signature(_Plain.process).parameters) == ["self", "element"]
        assert list(decorators.get_signature(_Plain().process).parameters) == ["element"]
        assert decorators.get_signature(int).return_annotation is int


def test_what_is_packed_is_unpacked_into_another_object() -> None:
    packed = [pickler.dumps(_Calling(function)) for function in (sum, sum, len)]
    assert packed[0] == packed[1] != packed[2]
    first, second, third = map(pickler.loads, packed)
    assert (first.method, second.method, third.method) == (sum, sum, len)
    assert first is not second


def test_variables_of_a_module_that_is_loaded_later_are_left_out_too(monkeypatch: pytest.MonkeyPatch) -> None:
    before = len(list(traverse._iter_modules_globals()))
    later = ModuleType("later")
    monkeypatch.setitem(sys.modules, "later", later)
    now = list(traverse._iter_modules_globals())
    assert len(now) == before + 1
    assert any(each is vars(later) for each in now)
