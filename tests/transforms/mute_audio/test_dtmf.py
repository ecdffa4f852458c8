"""Plain functions: keypad tones are found, and speech is not taken for them."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from hushbeam.schemas.spans import TimeSpan
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.recogniser_audio import recogniser_blocks
from hushbeam.transforms.media.samples import RECOGNISER_RATE_HZ
from hushbeam.transforms.mute_audio.dtmf import HIGH_HZ, LOW_HZ, ToneFinder, ToneSettings
from tests.transforms.media.recordings import speech

CALLS = sorted([*Path("evaluation/dev/audio").iterdir(), *Path("evaluation/telephone/audio").iterdir()])
RATE_HZ = 8_000

Sound = np.ndarray[Any, np.dtype[np.float32]]


def tone(digit: int, seconds: float, level_db: float, rate_hz: int = RATE_HZ, twist_db: float = 0.0) -> Sound:
    """One key's tone: each sine at `level_db`, the upper louder by `twist_db`."""
    times = np.arange(round(seconds * rate_hz)) / rate_hz
    low = np.sin(2 * np.pi * LOW_HZ[digit // 4] * times) * 10 ** (-twist_db / 40)
    high = np.sin(2 * np.pi * HIGH_HZ[digit % 4] * times) * 10 ** (twist_db / 40)
    return (10 ** (level_db / 20) * (low + high)).astype(np.float32)


def through_telephone(sound: Sound) -> Sound:
    """What 8-bit µ-law leaves of it."""
    file = io.BytesIO()
    soundfile.write(file, np.clip(sound, -1, 1), RATE_HZ, subtype="ULAW", format="WAV")
    file.seek(0)
    samples: Sound = soundfile.read(file, dtype="float32")[0]
    return samples


def overlap(spans: list[TimeSpan], start_s: float, end_s: float) -> float:
    return sum(max(0.0, min(end_s, span.end_s) - max(start_s, span.start_s)) for span in spans)


def find_tones(blocks: Iterable[Sound], rate_hz: int) -> list[TimeSpan]:
    """The keypad tones of consecutive blocks of (channels, frames)."""
    finder = ToneFinder(rate_hz, ToneSettings())
    for block in blocks:
        finder.add(block)
    return finder.finish()


@pytest.mark.parametrize("rate_hz", [4_000, 8_000, 16_000, 44_100])
@pytest.mark.parametrize("seconds", [0.045, 0.1, 1.0])
def test_every_key_is_found_to_its_edges(rate_hz: int, seconds: float) -> None:
    rest = np.zeros(round(0.08 * rate_hz), np.float32)
    keys = [tone(digit, seconds, -15, rate_hz) for digit in range(16)]
    dialled = np.concatenate([part for key in keys for part in (rest, key)] + [rest])
    found = find_tones([dialled[np.newaxis]], rate_hz)
    starts = [0.08 + number * (0.08 + seconds) for number in range(16)]
    assert len(found) == 16
    for span, start in zip(found, starts, strict=True):
        assert span.channel == 0
        assert span.start_s == pytest.approx(start, abs=0.03)
        assert span.end_s == pytest.approx(start + seconds, abs=0.03)
        assert overlap([span], start, start + seconds) > 0.95 * seconds


@pytest.mark.parametrize(("above_speech_db", "least"), [(15, 0.98), (6, 0.95), (0, 0.85)])
def test_tones_over_speech_are_found(above_speech_db: float, least: float) -> None:
    sound = speech(RATE_HZ, 1)[0]
    loudness = 10 * np.log10(np.mean(sound[np.abs(sound) > 0.01] ** 2))
    random = np.random.default_rng(5)
    found, wanted = 0.0, 0.0
    for _ in range(8):
        mixed = sound.copy()
        places = np.arange(0.3, 6.0, 0.4)
        for start in places:
            key = tone(int(random.integers(16)), 0.08, loudness + above_speech_db, twist_db=random.uniform(-4, 4))
            first = round(start * RATE_HZ)
            mixed[first : first + len(key)] += key
        spans = find_tones([through_telephone(mixed)[np.newaxis]], RATE_HZ)
        found += sum(overlap(spans, start, start + 0.08) for start in places)
        wanted += 0.08 * len(places)
    assert found / wanted >= least


@pytest.mark.parametrize("level_db", [-6, -20, -35])
def test_level_does_not_matter(level_db: float) -> None:
    sound = np.zeros(RATE_HZ, np.float32)
    sound[2_000:2_800] = tone(5, 0.1, level_db)
    assert len(find_tones([through_telephone(sound)[np.newaxis]], RATE_HZ)) == 1


def test_labelled_calls_hold_no_keypad_tones() -> None:
    assert len(CALLS) == 24
    alarms = [
        span for call in CALLS for span in find_tones(recogniser_blocks(call, limits=MediaLimits()), RECOGNISER_RATE_HZ)
    ]
    assert alarms == []


def test_a_ringing_tone_and_a_single_sine_are_not_keypad_tones() -> None:
    times = np.arange(RATE_HZ) / RATE_HZ
    ringing = 0.2 * np.sin(2 * np.pi * 440 * times) + 0.2 * np.sin(2 * np.pi * 480 * times)
    single = 0.3 * np.sin(2 * np.pi * 770 * times)
    for sound in (ringing, single, np.zeros(RATE_HZ)):
        assert find_tones([sound.astype(np.float32)[np.newaxis]], RATE_HZ) == []


def test_blocks_and_channels_do_not_matter() -> None:
    sound = np.zeros((2, RATE_HZ), np.float32)
    sound[1, 3_000:3_600] = tone(9, 0.075, -12)
    sound[0, 5_000:5_800] = tone(2, 0.1, -12)
    whole = find_tones([sound], RATE_HZ)
    assert [span.channel for span in whole] == [1, 0]
    for pieces in (3, 40, 700):
        assert find_tones(np.array_split(sound, pieces, axis=1), RATE_HZ) == whole


def test_nothing_is_found_in_nothing() -> None:
    assert find_tones([], RATE_HZ) == []
    assert find_tones([np.zeros((1, 10), np.float32)], RATE_HZ) == []
