"""Objects that tests keep in memory between runs of a job."""

from __future__ import annotations

import pytest
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions, TypeOptions
from apache_beam.utils.shared import Shared

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
