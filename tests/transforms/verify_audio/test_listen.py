"""What the second recogniser is given to hear, and which recordings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.failure import ConfigurationError
from schemas.transcript import TimeSpan
from transforms.media.hear import HEARING_RATE_HZ
from transforms.verify_audio.listen import silence_outside, windows_around, without_tone
from transforms.verify_audio.settings import VerifySettings, in_sample

SPANS = st.lists(
    st.builds(
        lambda channel, start, length: TimeSpan(channel, start, start + length),
        *(st.integers(0, 1), st.floats(0, 50), st.floats(0.1, 5)),
    ),
    max_size=6,
)


@given(SPANS, st.floats(0, 12))
def test_windows_are_ordered_apart_and_hold_all_spans(spans: list[TimeSpan], around_s: float):
    windows = windows_around(spans, around_s, 60.0)
    edges = [moment for window in windows for moment in window]
    assert edges == sorted(set(edges))
    assert all(0.0 <= start < end <= 60.0 for start, end in windows)
    for span in spans:
        assert any(start <= span.start_s and min(span.end_s, 60.0) <= end for start, end in windows)


@given(st.lists(st.integers(1, 30_000), min_size=1, max_size=5), SPANS)
def test_only_the_ranges_are_heard_whatever_the_blocks(lengths: list[int], spans: list[TimeSpan]):
    total = sum(lengths)
    sound = np.ones((2, total), np.float32)
    windows = windows_around([TimeSpan(0, s.start_s / 30, s.end_s / 30) for s in spans], 0.0, 60.0)
    blocks = np.split(sound, np.cumsum(lengths)[:-1], axis=1)
    heard = np.concatenate(list(silence_outside(blocks, windows)), axis=1)
    expected = np.zeros_like(sound)
    for start, end in windows:
        expected[:, round(start * HEARING_RATE_HZ) : round(end * HEARING_RATE_HZ)] = 1.0
    assert heard.dtype == np.float32
    np.testing.assert_array_equal(heard, expected)


@given(st.lists(st.integers(1, 9_000), min_size=1, max_size=6), st.floats(100, 1900))
@settings(deadline=None, max_examples=40)
def test_a_tone_is_not_heard_and_all_else_is(lengths: list[int], tone_hz: float):
    total = sum(lengths)
    moments = np.arange(total) / HEARING_RATE_HZ
    voice = np.random.default_rng(1).normal(0, 0.05, (2, total)).astype(np.float32)
    tone = (0.1 * np.sin(2 * np.pi * tone_hz * moments)).astype(np.float32)
    blocks = np.split(voice + tone, np.cumsum(lengths)[:-1], axis=1)
    heard = np.concatenate(list(without_tone(blocks, tone_hz)), axis=1)
    assert heard.shape == voice.shape
    inner = slice(400, -400)  # where the average is over the tone alone
    if total > 2000:
        assert np.sqrt(((heard - voice)[:, inner] ** 2).mean()) < 0.006


def test_a_sample_is_decided_by_the_id_alone():
    ids = [f"call-{n}" for n in range(4000)]
    sampled = VerifySettings(mode="sample:0.25")
    chosen = [name for name in ids if sampled.includes(name)]
    assert 900 < len(chosen) < 1100
    assert chosen == [name for name in reversed(ids) if sampled.includes(name)][::-1]
    assert all(in_sample(name, 0.5) for name in chosen), "a larger sample holds the smaller"
    assert all(VerifySettings(mode="all").includes(name) for name in ids)
    assert not any(VerifySettings(mode="off").includes(name) for name in ids)


@pytest.mark.parametrize("mode", ["", "some", "sample", "sample:", "sample:0", "sample:1.5", "sample:-1", "ALL"])
def test_a_mode_that_is_none_names_the_option(mode: str):
    with pytest.raises(ConfigurationError, match="verify"):
        VerifySettings(mode=mode)
