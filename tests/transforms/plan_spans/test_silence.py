"""Cuts of long recordings (functions)."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.transforms.plan_spans.silence import STEP_S, cut_in_silence, loudness


@given(
    levels=st.lists(st.floats(0, 1), min_size=1, max_size=2000),
    longest_s=st.floats(1.0, 200.0),
)
def test_spans_follow_each_other_over_the_whole_recording_and_none_is_too_long(
    levels: list[float], longest_s: float
) -> None:
    duration_s = len(levels) * STEP_S
    spans = cut_in_silence(levels, duration_s, longest_s)
    assert spans[0][0] == 0.0
    assert spans[-1][1] == duration_s
    assert all(end == start for (_, end), (start, _) in itertools.pairwise(spans))
    assert all(0 < end - start <= longest_s + STEP_S for start, end in spans)


def test_a_cut_falls_into_the_pause() -> None:
    levels = np.ones(round(100 / STEP_S))
    levels[round(45 / STEP_S) : round(46 / STEP_S)] = 0.001
    ((_, cut_s), _) = cut_in_silence(levels.tolist(), 100.0, 50.0)[:2]
    assert 45.1 < cut_s < 45.9


@given(lengths=st.lists(st.integers(1, 5000), min_size=1, max_size=8))
def test_the_level_does_not_depend_on_the_borders_of_blocks(lengths: list[int]) -> None:
    samples = np.random.default_rng(0).normal(size=(2, sum(lengths))).astype(np.float32)
    blocks = np.split(samples, np.cumsum(lengths)[:-1], axis=1)
    np.testing.assert_allclose(list(loudness(blocks, 8000)), list(loudness([samples], 8000)), rtol=1e-5)


def test_the_loudest_channel_counts() -> None:
    samples = np.stack([np.zeros(8000), np.full(8000, 0.5)]).astype(np.float32)
    assert list(loudness([samples], 8000)) == [0.25] * round(1 / STEP_S)
