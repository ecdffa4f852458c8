"""Plain functions: keypad tones are found, and speech is not taken for them."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from evaluation.run import PEOPLE
from hushbeam.schemas.spans import TimeSpan
from hushbeam.transforms.media.decode import Decoder
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.recogniser_audio import recogniser_blocks
from hushbeam.transforms.media.samples import RECOGNISER_RATE_HZ
from hushbeam.transforms.mute_audio.dtmf import HIGH_HZ, LOW_HZ, KeypadDetector, ToneFinder, ToneSettings
from tests.transforms.media.recordings import speech

CALLS = sorted([*Path("evaluation/dev/audio").iterdir(), *Path("evaluation/telephone/audio").iterdir()])
RATE_HZ = 8_000

Sound = np.ndarray[Any, np.dtype[np.float32]]


def tone(
    digit: int,
    seconds: float,
    level_db: float,
    rate_hz: int = RATE_HZ,
    twist_db: float = 0.0,
    off: tuple[float, float] = (0.0, 0.0),
) -> Sound:
    """One key's tone: each sine at `level_db`, the upper louder by `twist_db`, the frequencies off by these shares."""
    times = np.arange(round(seconds * rate_hz)) / rate_hz
    low = np.sin(2 * np.pi * LOW_HZ[digit // 4] * (1 + off[0]) * times) * 10 ** (-twist_db / 40)
    high = np.sin(2 * np.pi * HIGH_HZ[digit % 4] * (1 + off[1]) * times) * 10 ** (twist_db / 40)
    return (10 ** (level_db / 20) * (low + high)).astype(np.float32)


def sines(seconds: float, *frequencies_hz: float) -> Sound:
    """Equally loud sines."""
    times = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return np.sum([0.2 * np.sin(2 * np.pi * hz * times) for hz in frequencies_hz], axis=0).astype(np.float32)


def series(tones: list[Sound], gap_s: float = 0.1) -> Sound:
    """Tones with silence around each."""
    gap = np.zeros(round(gap_s * RATE_HZ), np.float32)
    return np.concatenate([part for each in tones for part in (gap, each)] + [gap])


def through(sound: Sound, container: str, subtype: str) -> Sound:
    """What a codec leaves of it."""
    file = io.BytesIO()
    soundfile.write(file, np.clip(sound, -1, 1), RATE_HZ, subtype=subtype, format=container)
    file.seek(0)
    samples: Sound = soundfile.read(file, dtype="float32")[0]
    return samples


def through_telephone(sound: Sound) -> Sound:
    """What 8-bit µ-law leaves of it."""
    return through(sound, "WAV", "ULAW")


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


@given(
    digit=st.integers(0, 15),
    seconds=st.floats(0.045, 0.3),
    level_db=st.floats(-30, -6),
    twist_db=st.floats(-8, 8),
    off=st.tuples(st.floats(-0.015, 0.015), st.floats(-0.015, 0.015)),
    seed=st.integers(0, 1_000),
)
def test_tones_that_telephones_must_accept_are_found(
    digit: int, seconds: float, level_db: float, twist_db: float, off: tuple[float, float], seed: int
) -> None:
    sound = series([tone(digit, seconds, level_db, twist_db=twist_db, off=off)])
    noise = np.random.default_rng(seed).standard_normal(len(sound)) * 10 ** ((level_db - 20) / 20)
    [span] = find_tones([(sound + noise).astype(np.float32)[np.newaxis]], RATE_HZ)
    assert overlap([span], 0.1, 0.1 + seconds) > 0.95 * seconds


@pytest.mark.parametrize("above_noise_db", [20, 10])
@pytest.mark.parametrize(
    ("container", "subtype"),
    [("WAV", "PCM_16"), ("WAV", "ULAW"), ("WAV", "GSM610"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")],
)
def test_tones_in_noise_are_found_through_codecs(container: str, subtype: str, above_noise_db: int) -> None:
    random = np.random.default_rng(7)
    digits = random.permutation(np.tile(np.arange(16), 4))
    sound = series([tone(int(digit), 0.07, -12, twist_db=random.uniform(-4, 4)) for digit in digits])
    sound += (random.standard_normal(len(sound)) * 10 ** ((-12 - above_noise_db) / 20)).astype(np.float32)
    spans = find_tones([through(sound, container, subtype)[np.newaxis]], RATE_HZ)
    found = [overlap(spans, 0.1 + 0.17 * number, 0.17 + 0.17 * number) > 0.8 * 0.07 for number in range(len(digits))]
    assert np.mean(found) >= 0.98


def test_a_tone_that_lasts_is_found_in_loud_noise() -> None:
    noise = np.random.default_rng(1).standard_normal(2 * RATE_HZ) * 10 ** (-20 / 20)
    sound = noise.astype(np.float32)
    sound[RATE_HZ // 2 : RATE_HZ] += tone(6, 0.5, -20)
    whole = find_tones([sound[np.newaxis]], RATE_HZ)
    assert overlap(whole, 0.5, 1.0) > 0.45
    assert find_tones(np.array_split(sound[np.newaxis], 300, axis=1), RATE_HZ) == whole


@pytest.mark.parametrize(("seconds_away", "found"), [(1.0, True), (-1.0, True), (6.0, False)])
def test_a_short_tone_in_loud_noise_is_found_if_another_key_is_pressed_nearby(seconds_away: float, found: bool) -> None:
    noise = np.random.default_rng(1).standard_normal(14 * RATE_HZ) * 10 ** (-21 / 20)
    sound = np.zeros(14 * RATE_HZ, np.float32)
    short = slice(7 * RATE_HZ - 400, 7 * RATE_HZ + 1_000)
    sound[short] = noise[short]
    sound[7 * RATE_HZ : 7 * RATE_HZ + 480] += tone(6, 0.06, -20)
    other = round((7 + seconds_away) * RATE_HZ)
    sound[other : other + 800] += tone(3, 0.1, -20)
    spans = find_tones([sound[np.newaxis]], RATE_HZ)
    assert (overlap(spans, 7.0, 7.06) > 0.03) == found


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


@pytest.mark.parametrize("kind", ["people", "human"])
def test_recordings_of_people_hold_hardly_any_keypad_tones(kind: str) -> None:
    recordings = sorted((PEOPLE / kind / "audio").glob("*"))
    if not recordings:
        pytest.skip("the recordings of people are not here")
    found = []
    for recording in recordings:
        detector = KeypadDetector(mix=False)
        with Decoder(recording, MediaLimits()) as decoder:
            for block in decoder.blocks():
                detector.add(decoder.info, block)
        found += detector.findings()
    # There are none now, and each is a vowel that is muted.
    assert len(found) <= 1


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(sines(1.0, 350, 440), id="dial tone"),
        pytest.param(sines(1.0, 440, 480), id="ringing"),
        pytest.param(sines(0.5, 480, 620), id="busy"),
        pytest.param(sines(0.5, 425), id="European dial tone"),
        pytest.param(sines(0.5, 1100), id="fax"),
        pytest.param(sines(0.5, 2100), id="answering modem"),
        pytest.param(series([sines(0.33, hz) for hz in (950, 1400, 1800)], 0.0), id="special information"),
        pytest.param(
            series([sines(0.07, 700, 900), sines(0.07, 900, 1300), sines(0.07, 1100, 1700)]), id="R1 signalling"
        ),
        pytest.param(sines(1.0, 770), id="one sine"),
        pytest.param(sines(1.0, 698.5, 880.0, 1396.9), id="chord"),
        pytest.param(np.zeros(RATE_HZ, np.float32), id="silence"),
    ],
)
def test_other_tones_of_telephones_are_not_keypad_tones(sound: Sound) -> None:
    assert find_tones([series([sound])[np.newaxis]], RATE_HZ) == []


@pytest.mark.parametrize("off", [(0.03, 0.0), (-0.03, 0.0), (0.035, 0.035), (-0.035, -0.035)])
def test_tones_that_are_far_off_their_frequencies_are_not_keypad_tones(off: tuple[float, float]) -> None:
    keys = [tone(digit, 0.1, -12, off=off) for digit in range(16)]
    assert find_tones([series(keys)[np.newaxis]], RATE_HZ) == []


@pytest.mark.parametrize("glide", [0.2, -0.2])
def test_two_harmonics_that_glide_like_a_voice_are_not_a_keypad_tone(glide: float) -> None:
    times = np.arange(round(0.1 * RATE_HZ)) / RATE_HZ
    for low_hz in LOW_HZ:
        for high_hz in HIGH_HZ:
            # The pitch changes by a fifth in 0.1 s, and passes the key's frequencies in the middle.
            cycles = times + glide * (times**2 / 0.2 - times / 2)
            voice = 0.2 * (np.sin(2 * np.pi * low_hz * cycles) + np.sin(2 * np.pi * high_hz * cycles))
            assert find_tones([series([voice.astype(np.float32)])[np.newaxis]], RATE_HZ) == []


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
