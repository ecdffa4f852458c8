"""Plain functions: the audio that the second recogniser transcribes, and the sample of recordings."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hushbeam.schemas.spans import TimeSpan
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.samples import RECOGNISER_RATE_HZ
from hushbeam.transforms.verify_audio.second_recogniser import speech_around, without_tone
from hushbeam.transforms.verify_audio.settings import VerifySettings, in_sample
from tests.few_examples import few

LIMITS = MediaLimits()

SPANS = st.lists(
    st.builds(
        lambda channel, start, length: TimeSpan(channel, start, start + length),
        *(st.integers(0, 1), st.floats(0, 50), st.floats(0.1, 5)),
    ),
    max_size=6,
)


def apart(spans: list[TimeSpan]) -> list[TimeSpan]:
    """Spans without those that overlap or touch an earlier one of their channel."""
    kept: list[TimeSpan] = []
    for span in sorted(spans, key=lambda span: span.start_s):
        if not any(other.channel == span.channel and other.end_s >= span.start_s for other in kept):
            kept.append(span)
    return kept


def lies_in(moment_s: float, channel: int, spans: Iterable[TimeSpan], reach_s: float = 0.0) -> bool:
    return any(span.channel == channel and span.start_s - reach_s <= moment_s <= span.end_s + reach_s for span in spans)


@given(SPANS, SPANS.map(apart), st.floats(0.1, 12), st.floats(0.1, 12), st.integers(0, 1), st.floats(0, 60))
def test_all_speech_near_muted_spans_is_verified_and_nothing_but_speech(
    muted: list[TimeSpan], speech: list[TimeSpan], around_s: float, beside_s: float, channel: int, moment_s: float
) -> None:
    ranges = speech_around(muted, speech, around_s, beside_s)
    for here in (0, 1):
        own = [span for span in ranges if span.channel == here]
        assert all(one.end_s < other.start_s for one, other in pairwise(own)), "ordered and apart"
        for span in own:
            assert lies_in(span.start_s, here, speech)
            assert lies_in(span.end_s, here, speech)
    others = [TimeSpan(channel, span.start_s, span.end_s) for span in muted if span.channel != channel]
    is_near = lies_in(moment_s, channel, muted, around_s) or lies_in(moment_s, channel, others, beside_s)
    if lies_in(moment_s, channel, speech) and is_near:
        assert lies_in(moment_s, channel, ranges, 1e-6)
    if not lies_in(moment_s, channel, speech):
        assert not lies_in(moment_s, channel, ranges)


@given(st.lists(st.integers(1, 9_000), min_size=1, max_size=6), st.floats(100, 1900))
@few(40)
def test_a_tone_is_removed_and_nothing_else(lengths: list[int], tone_hz: float) -> None:
    total = sum(lengths)
    moments = np.arange(total) / RECOGNISER_RATE_HZ
    voice = np.random.default_rng(1).normal(0, 0.05, (2, total)).astype(np.float32)
    tone = (0.1 * np.sin(2 * np.pi * tone_hz * moments)).astype(np.float32)
    blocks = np.split(voice + tone, np.cumsum(lengths)[:-1], axis=1)
    transcribed = np.concatenate(list(without_tone(blocks, tone_hz)), axis=1)
    assert transcribed.shape == voice.shape
    inner = slice(400, -400)  # where the average is over the tone alone
    if total > 2000:
        assert np.sqrt(((transcribed - voice)[:, inner] ** 2).mean()) < 0.006


def test_a_sample_is_decided_by_the_id_alone() -> None:
    ids = [f"call-{n}" for n in range(4000)]
    sampled = VerifySettings(mode="sample:0.25")
    chosen = [name for name in ids if sampled.includes(name)]
    assert 900 < len(chosen) < 1100
    assert chosen == [name for name in reversed(ids) if sampled.includes(name)][::-1]
    assert all(in_sample(name, 0.5) for name in chosen), "a larger sample holds the smaller"
    assert all(VerifySettings(mode="all").includes(name) for name in ids)
    assert not any(VerifySettings(mode="off").includes(name) for name in ids)


@pytest.mark.parametrize("mode", ["", "some", "sample", "sample:", "sample:0", "sample:1.5", "sample:-1", "ALL"])
def test_a_mode_that_is_wrong_is_told_what_is_expected(mode: str) -> None:
    with pytest.raises(ValidationError, match="sample:SHARE"):
        VerifySettings(mode=mode)
