"""Transcription on a GPU, where there is one; the same on a processor shows that the comparison holds."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import cache, partial
from pathlib import Path

import ctranslate2
import pytest

from hushbeam.schemas.errors import RecordingError
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.recogniser_audio import recogniser_blocks
from hushbeam.transforms.transcribe.engine import SpeechEngine, SpeechJob
from hushbeam.transforms.transcribe.settings import Device, TranscriptionSettings

_CALL = Path(__file__).parents[3] / "examples" / "calls" / "card-payment.mp3"
_AT_ONCE = 40

needs_gpu = pytest.mark.skipif(ctranslate2.get_cuda_device_count() == 0, reason="needs an NVIDIA GPU")


@cache
def _words(device: Device, compute_type: str, recordings: int) -> list[list[str]]:
    """The words of so many copies of a call, transcribed at once."""
    engine = SpeechEngine(TranscriptionSettings(device=device, compute_type=compute_type))
    engine.load()
    blocks = partial(recogniser_blocks, _CALL, limits=MediaLimits())
    jobs = [SpeechJob(f"call-{number}", blocks, language="en") for number in range(recordings)]
    found = []
    for _, transcribed in engine.transcribe(jobs):
        assert not isinstance(transcribed, RecordingError)
        found.append([re.sub(r"\W", "", word.text).lower() for word in transcribed.transcript.words])
    engine.close()
    return found


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=needs_gpu)])
def test_words_are_those_of_exact_arithmetic_on_a_processor(device: Device) -> None:
    (expected,) = _words("cpu", "float32", 1)
    (found,) = _words(device, "default", 1)
    assert len(expected) > 50
    assert SequenceMatcher(None, expected, found, autojunk=False).ratio() > 0.9


@needs_gpu
def test_a_gpu_full_of_recordings_writes_the_same_words_for_each() -> None:
    (expected,) = _words("cuda", "default", 1)
    for found in _words("cuda", "default", _AT_ONCE):
        assert SequenceMatcher(None, expected, found, autojunk=False).ratio() > 0.98
