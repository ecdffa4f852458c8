"""Plain functions: noise that resembles the quiet moments, is reproducible, and carries nothing of what it replaces."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hushbeam.schemas.spans import TimeSpan
from hushbeam.transforms.mute_audio.muting import Muting
from hushbeam.transforms.mute_audio.room_noise import CEILING_DB, FLOOR_DB, RoomNoise
from tests.transforms.media.recordings import speech
from tests.transforms.mute_audio.whole import mute

RATE_HZ = 8_000


def level_db(samples: np.ndarray[Any, Any]) -> float:
    return float(10 * np.log10(np.mean(samples.astype(np.float64) ** 2) + 1e-20))


def hum(level: float, seconds: float = 5.0, seed: int = 0) -> np.ndarray[Any, np.dtype[np.float32]]:
    """A room with all of its sound below 500 Hz."""
    white = np.random.default_rng(seed).normal(size=(1, int(seconds * RATE_HZ)))
    spectrum = np.fft.rfft(white)
    spectrum[:, np.fft.rfftfreq(white.shape[1], 1 / RATE_HZ) > 500] = 0
    room = np.fft.irfft(spectrum, white.shape[1])
    return (room / room.std() * 10 ** (level / 20)).astype(np.float32)


def test_the_noise_has_the_level_and_spectrum_of_the_room() -> None:
    room = RoomNoise.measured([hum(-50)], RATE_HZ, [])
    noise = room.between(0, 0, 40_000)
    assert level_db(noise) == pytest.approx(-50, abs=2.5)
    spectrum = np.abs(np.fft.rfft(noise)) ** 2
    high = np.fft.rfftfreq(len(noise), 1 / RATE_HZ) > 700
    assert spectrum[high].sum() < 0.02 * spectrum.sum()


def test_quiet_moments_shape_the_noise_and_speech_does_not() -> None:
    call = speech(RATE_HZ, 2)
    room = RoomNoise.measured([call], RATE_HZ, [])
    for channel, samples in enumerate(call):
        pauses = np.percentile([level_db(frame) for frame in np.array_split(samples, 100)], 5)
        assert level_db(samples) > pauses + 10
        assert level_db(room.between(channel, 0, 40_000)) == pytest.approx(pauses, abs=2)


def test_nothing_within_a_muted_range_shapes_the_noise() -> None:
    span = TimeSpan(0, 1.0, 2.0)
    quiet, loud = hum(-50), hum(-50)
    within = slice(RATE_HZ, 2 * RATE_HZ)
    loud[:, within] = np.random.default_rng(9).uniform(-1, 1, RATE_HZ)
    muted = [mute(samples, [span], RATE_HZ, Muting("noise")) for samples in (quiet, loud)]
    np.testing.assert_array_equal(muted[0], muted[1])


def test_noise_is_the_same_in_any_pieces_and_differs_between_channels() -> None:
    room = RoomNoise(np.full((2, 257), 1e-3))
    whole = room.between(0, 0, 5_000)
    np.testing.assert_array_equal(room.between(0, 1_234, 1_999), whole[1_234:1_999])
    assert abs(np.corrcoef(whole, room.between(1, 0, 5_000))[0, 1]) < 0.1
    assert abs(np.corrcoef(whole[:2_500], whole[2_500:])[0, 1]) < 0.1


def test_the_measured_noise_does_not_depend_on_blocks() -> None:
    samples = hum(-50)
    whole = RoomNoise.measured([samples], RATE_HZ, [])
    parts = RoomNoise.measured(np.array_split(samples, 17, axis=1), RATE_HZ, [])
    np.testing.assert_allclose(parts.between(0, 0, 2_000), whole.between(0, 0, 2_000), rtol=1e-6, atol=1e-9)


def test_noise_is_faint_in_a_silent_recording_and_bounded_in_a_loud_one() -> None:
    silent = RoomNoise.measured([np.zeros((1, 8_000), np.int16)], RATE_HZ, [])
    assert level_db(silent.between(0, 0, 40_000)) == pytest.approx(FLOOR_DB, abs=1)
    roaring = RoomNoise.measured([hum(-10)], RATE_HZ, [])
    assert level_db(roaring.between(0, 0, 40_000)) <= CEILING_DB + 1
