"""Plain functions: nothing of a muted span remains, and nothing else changes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.spans import TimeSpan
from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.mute_audio.muting import FADE_S, METHODS, FrameSpan, Muter, Muting, frame_spans, touched
from hushbeam.transforms.mute_audio.room_noise import RoomNoise
from tests.transforms.mute_audio.whole import mute

RATE_HZ = 8_000
FRAMES = 4_000
DTYPES = ("uint8", "int16", "int32", "float32", "float64")

Samples = np.ndarray[Any, Any]

spans_of_a_call = st.lists(
    st.builds(
        lambda channel, start, length: TimeSpan(channel, start, start + length),
        st.integers(0, 1),
        st.floats(0, 0.6),
        st.floats(1e-6, 0.3),
    ),
    max_size=6,
)


def noise(dtype: str, seed: int = 0, channels: int = 2, frames: int = FRAMES) -> Samples:
    """Samples that are never silence and never full scale."""
    values = np.random.default_rng(seed).uniform(0.1, 0.9, (channels, frames))
    if dtype.startswith("float"):
        return values.astype(dtype)
    if dtype == "uint8":
        return (128 + values * 127).astype(dtype)
    return (values * np.iinfo(dtype).max).astype(dtype)


def frames_within(spans: Sequence[TimeSpan], channel: int, widen_s: float = 0.0) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which of a channel's frames lie in a span: counted from the times alone, not by the code under test."""
    starts = np.arange(FRAMES) / RATE_HZ
    within = np.zeros(FRAMES, bool)
    for span in spans:
        if span.channel == channel:
            last = starts < span.end_s + widen_s
            within |= (starts + 1 / RATE_HZ > span.start_s - widen_s) & last
    return within


@settings(deadline=None)
@given(spans=spans_of_a_call, dtype=st.sampled_from(DTYPES), method=st.sampled_from(METHODS))
def test_nothing_of_the_spans_remains_and_the_rest_is_identical(spans: list[TimeSpan], dtype: str, method: str) -> None:
    one, other = noise(dtype, 1), noise(dtype, 2)
    room = RoomNoise(np.full((2, 257), 1e-4))
    muting = Muting(method)
    muted_one, muted_other = (
        Muter(spans, rate_hz=RATE_HZ, channels=2, muting=muting, room=room).mute(samples) for samples in (one, other)
    )
    assert muted_one.dtype == one.dtype
    for channel in range(2):
        inside = frames_within(spans, channel)
        # What stands there does not depend on what was said there.
        np.testing.assert_array_equal(muted_one[channel, inside], muted_other[channel, inside])
        # Two spans closer than their fades are one.
        outside = ~frames_within(spans, channel, FADE_S + 2 / RATE_HZ)
        gap_free = outside & ~_in_narrow_gaps(outside)
        np.testing.assert_array_equal(muted_one[channel, gap_free], one[channel, gap_free])


def _in_narrow_gaps(outside: np.ndarray[Any, np.dtype[np.bool_]]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Frames between two spans that lie nearer to each other than both their fades and roundings."""
    narrow = np.zeros(len(outside), bool)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], outside, [False]]).astype(int)))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if end - start <= 4 and start > 0 and end < len(outside):
            narrow[start:end] = True
    return narrow


@settings(deadline=None)
@given(
    spans=spans_of_a_call,
    cuts=st.lists(st.integers(1, FRAMES - 1), max_size=8, unique=True),
    method=st.sampled_from(METHODS),
)
def test_blocks_may_be_cut_anywhere(spans: list[TimeSpan], cuts: list[int], method: str) -> None:
    samples = noise("int16")
    room = RoomNoise(np.full((2, 257), 1e-4))

    def muter() -> Muter:
        return Muter(spans, rate_hz=RATE_HZ, channels=2, muting=Muting(method), room=room)

    by_blocks = muter()
    blocks = [by_blocks.mute(block) for block in _cut(samples, cuts)]
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), muter().mute(samples))


def _cut(samples: Samples, cuts: list[int]) -> Iterator[Samples]:
    edges = [0, *sorted(cuts), samples.shape[1]]
    for start, end in itertools.pairwise(edges):
        yield samples[:, start:end]


@settings(deadline=None)
@given(spans=spans_of_a_call)
def test_the_touched_spans_are_exactly_what_changed(spans: list[TimeSpan]) -> None:
    samples = noise("float64")
    muted = mute(samples, spans, RATE_HZ)
    for channel, channel_spans in enumerate(frame_spans(spans, RATE_HZ, 2)):
        published = np.zeros(FRAMES, bool)
        for span in touched(channel_spans, FRAMES, RATE_HZ, channel):
            published[round(span.start_s * RATE_HZ) : round(span.end_s * RATE_HZ)] = True
        np.testing.assert_array_equal(muted[channel] != samples[channel], published)


def test_the_given_samples_are_left_as_they_are() -> None:
    samples = noise("int16")
    before = samples.copy()
    mute(samples, [TimeSpan(0, 0.1, 0.2)], RATE_HZ)
    np.testing.assert_array_equal(samples, before)


def test_silence_is_the_middle_of_the_type() -> None:
    for dtype in DTYPES:
        muted = mute(noise(dtype), [TimeSpan(1, 0.1, 0.2)], RATE_HZ)
        assert set(muted[1, 800:1600].tolist()) == {128 if dtype == "uint8" else 0}


def test_edges_fade_outside_of_the_span_without_a_click() -> None:
    steady = np.full((1, FRAMES), 0.5, np.float32)
    muted = mute(steady, [TimeSpan(0, 0.1, 0.2)], RATE_HZ)[0]
    assert np.abs(np.diff(muted)).max() < 0.5 / 30
    assert np.all(np.diff(muted[760:801]) < 0)
    assert np.all(muted[800:1600] == 0)
    assert np.all(np.diff(muted[1599:1641]) > 0)
    assert muted[759] == muted[1640] == 0.5


def test_a_tone_has_its_frequency_and_level_and_is_not_clipped() -> None:
    loud = np.ones((1, FRAMES), np.float32)
    muted = mute(loud, [TimeSpan(0, 0.1, 0.4)], RATE_HZ, Muting("tone", tone_hz=800, tone_level_db=-12))[0]
    tone = muted[900:3100]
    spectrum = np.abs(np.fft.rfft(tone * np.hanning(len(tone))))
    assert np.argmax(spectrum) * RATE_HZ / len(tone) == pytest.approx(800, abs=5)
    assert tone.std() == pytest.approx(10 ** (-12 / 20) / np.sqrt(2), rel=0.02)
    assert np.abs(muted).max() <= 1.0


@pytest.mark.parametrize(
    "options",
    [
        {"method": "beep"},
        {"tone_hz": 50.0},
        {"tone_hz": 3_000.0},
        {"tone_level_db": 0.0},
        {"tone_level_db": float("nan")},
    ],
)
def test_impossible_muting_options_are_configuration_errors(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        Muting(**options)


@pytest.mark.parametrize(
    "span",
    [
        TimeSpan(2, 0.1, 0.2),
        TimeSpan(-1, 0.1, 0.2),
        TimeSpan(0, float("nan"), 0.2),
        TimeSpan(0, 0.1, float("inf")),
        TimeSpan(0, 0.3, 0.2),
    ],
)
def test_a_span_without_a_usable_time_or_channel_fails_the_recording(span: TimeSpan) -> None:
    with pytest.raises(MediaError) as refused:
        mute(noise("int16"), [span], RATE_HZ)
    assert refused.value.reason == "span_outside"


def test_spans_whose_fades_would_meet_are_one() -> None:
    spans = [TimeSpan(0, 0.300, 0.400), TimeSpan(0, 0.100, 0.200), TimeSpan(0, 0.209, 0.250)]
    assert frame_spans(spans, RATE_HZ, 1) == [[FrameSpan(800, 2000), FrameSpan(2400, 3200)]]
