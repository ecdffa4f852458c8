"""Voice activity detection on the labelled telephone calls (functions, real detector)."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.truth import LabelledRecording, read_truth
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.recogniser_audio import recogniser_blocks
from hushbeam.transforms.media.samples import RECOGNISER_RATE_HZ
from hushbeam.transforms.transcribe import vad
from hushbeam.transforms.transcribe.vad import FRAME, FRAME_S, KnownSpeech, SpeechProbabilities
from hushbeam.transforms.transcribe.windows import WindowPacker
from tests.few_examples import few

LIMITS = MediaLimits()

TELEPHONE = Path(__file__).parents[3] / "evaluation" / "telephone"


@cache
def calls() -> list[tuple[LabelledRecording, np.ndarray]]:
    return [
        (call, np.concatenate(list(recogniser_blocks(call.audio, limits=LIMITS)), axis=1))
        for call in read_truth(TELEPHONE)
    ]


def reaching_the_model(samples: np.ndarray) -> np.ndarray:
    """Which samples of one channel reach the model."""
    probabilities, packer = SpeechProbabilities(), WindowPacker()
    mask = np.zeros(len(samples), bool)
    windows = []
    for start in range(0, len(samples), 8 * RECOGNISER_RATE_HZ):
        block = samples[start : start + 8 * RECOGNISER_RATE_HZ]
        windows += packer.feed(block, probabilities.feed(block))
    windows += packer.feed(np.zeros(0, np.float32), probabilities.finish())
    for window, _ in [*windows, *packer.finish()]:
        for piece in window.pieces:
            mask[piece.source : piece.source + piece.length] = True
    return mask


def test_personal_data_in_telephone_calls_is_detected_as_speech() -> None:
    asked = found = 0
    for call, samples in calls():
        masks = [reaching_the_model(channel) for channel in samples]
        for entity in call.entities:
            detected = masks[entity.channel][
                int(entity.start_s * RECOGNISER_RATE_HZ) : int(entity.end_s * RECOGNISER_RATE_HZ)
            ]
            asked += len(detected)
            found += int(detected.sum())
    assert found / asked >= 0.998


@pytest.mark.parametrize("gain_db", [-20, -12])
def test_speech_in_quiet_calls_is_detected(gain_db: float) -> None:
    asked = found = 0
    for call, samples in calls()[:4]:
        masks = [reaching_the_model(channel * np.float32(10 ** (gain_db / 20))) for channel in samples]
        for entity in call.entities:
            detected = masks[entity.channel][
                int(entity.start_s * RECOGNISER_RATE_HZ) : int(entity.end_s * RECOGNISER_RATE_HZ)
            ]
            asked += len(detected)
            found += int(detected.sum())
    assert found / asked >= 0.99


def test_near_silence_does_not_reach_the_detector_and_steady_noise_is_not_speech() -> None:
    noise = np.random.default_rng(1).normal(0, 1e-4, 20 * RECOGNISER_RATE_HZ).astype(np.float32)
    assert not reaching_the_model(noise).any()
    probabilities = SpeechProbabilities().feed(noise)
    assert (probabilities == 0).sum() > 0.9 * len(probabilities)
    assert not reaching_the_model(noise * np.float32(100)).any()


def test_blocks_that_end_within_a_frame_make_the_same_probabilities(monkeypatch: pytest.MonkeyPatch) -> None:
    # Loudness is judged by what was heard so far, and so by whole blocks: here the detector alone is compared.
    monkeypatch.setattr(vad, "_SOFTEST_VOICE_DB", 0.0)
    monkeypatch.setattr(vad, "QUIET_PEAK", 0.0)
    samples = calls()[0][1][0][: 10 * RECOGNISER_RATE_HZ]
    whole = SpeechProbabilities()
    expected = np.concatenate([whole.feed(samples), whole.finish()])
    parts = SpeechProbabilities()
    found = [parts.feed(part) for part in np.array_split(samples, 37)]
    assert np.allclose(np.concatenate([*found, parts.finish()]), expected, atol=1e-4)
    assert len(expected) == -(-len(samples) // FRAME)


@given(st.lists(st.integers(1, 40_000), min_size=1, max_size=5))
@few(30)
def test_known_speech_is_speech_unless_it_was_silenced(lengths: list[int]) -> None:
    audio = np.full(sum(lengths), 0.1, np.float32)
    audio[RECOGNISER_RATE_HZ : RECOGNISER_RATE_HZ * 3 // 2] = 0.0
    detector = KnownSpeech([(0.5, 2.0), (3.0, 3.5)])
    blocks = np.split(audio, np.cumsum(lengths)[:-1])
    found = np.concatenate([*(detector.feed(block) for block in blocks), detector.finish()])
    assert len(found) == -(-len(audio) // FRAME)
    middles = (np.arange(len(found)) + 0.5) * FRAME_S
    for probability, middle in zip(found, middles, strict=True):
        if abs(middle * RECOGNISER_RATE_HZ - np.array([RECOGNISER_RATE_HZ, RECOGNISER_RATE_HZ * 3 // 2])).min() > FRAME:
            known = 0.5 <= middle < 2.0 or 3.0 <= middle < 3.5
            assert probability == (known and not 1.0 <= middle < 1.5)
