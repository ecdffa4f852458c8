"""Geometry of plots, for arbitrary figures. Plain functions."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.transforms.archive.runs.timings import Sample, thinned
from hushbeam.transforms.report_run.charts import (
    HEIGHT,
    WIDTH,
    bars,
    is_informative,
    occupied,
    throughput,
    ticks,
    trend,
)
from hushbeam.transforms.report_run.drift import Rate
from hushbeam.transforms.report_run.figures import Histogram


def points(text: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (point.split(",") for point in text.split())]


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=30))
def test_bars_are_as_high_as_their_counts(counts: list[int]) -> None:
    histogram = Histogram(tuple(range(len(counts) + 1)), tuple(counts))
    drawn = bars(histogram, [str(count) for count in counts])
    assert all(bar.x >= 0 and bar.x + bar.width <= WIDTH and 0 <= bar.y <= HEIGHT for bar in drawn)
    highest = max(counts) or 1
    assert [bar.height for bar in drawn] == pytest.approx([HEIGHT * count / highest for count in counts])


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30))
def test_empty_bars_are_left_out_at_the_ends_alone(counts: list[int]) -> None:
    whole = Histogram(tuple(range(len(counts) + 1)), tuple(counts))
    shown = occupied(whole)
    assert sum(shown.counts) == sum(counts)
    assert len(shown.edges) == len(shown.counts) + 1
    if any(counts):
        assert shown.counts[0] and shown.counts[-1]


def test_a_plot_of_one_value_or_of_few_is_not_drawn() -> None:
    assert not is_informative(Histogram((0, 1, 2, 3, 4), (0, 900, 0, 0)))
    assert not is_informative(Histogram((0, 1, 2, 3, 4), (1, 2, 1, 0)))
    assert is_informative(Histogram((0, 1, 2, 3, 4), (10, 20, 10, 0)))


def test_an_axis_has_a_mark_at_its_start_and_none_at_infinity() -> None:
    marks = ticks([0.0, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, math.inf], "{:.0f}".format)
    assert [(mark.left, mark.label) for mark in marks] == [(0, "0"), (25, "60"), (50, "600"), (75, "3600")]


@given(st.lists(st.tuples(st.floats(0.1, 10), st.floats(0, 100)), max_size=50))
def test_throughput_stays_in_its_view_box(steps: list[tuple[float, float]]) -> None:
    elapsed_s, audio_s, samples = 0.0, 0.0, []
    for seconds, transcribed in steps:
        elapsed_s, audio_s = elapsed_s + seconds, audio_s + transcribed
        samples.append(Sample(elapsed_s=elapsed_s, audio_s=audio_s, committed=0))
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points(throughput(samples).points))


def course(audio_s: list[float], committed: list[int]) -> list[Sample]:
    steps = enumerate(zip(audio_s, committed, strict=True))
    return [Sample(elapsed_s=300.0 * i, audio_s=transcribed, committed=done) for i, (transcribed, done) in steps]


def test_throughput_is_of_sound_where_the_runner_told_it_during_the_run() -> None:
    line = throughput(course([0, 3000, 6000], [0, 1, 2]))
    assert (line.highest, line.unit) == (10.0, "times real time")


def test_throughput_is_of_recordings_where_the_runner_told_of_sound_at_the_end_alone() -> None:
    line = throughput(course([0, 0, 600], [0, 4, 6]))
    assert (line.highest, line.unit) == (pytest.approx(0.8), "recordings a minute")


def test_a_run_of_a_minute_has_no_course() -> None:
    samples = [Sample(elapsed_s=30.0 * i, audio_s=300.0 * i, committed=i) for i in range(3)]
    assert throughput(samples).points == ""
    assert throughput([]).points == ""


def test_a_run_of_which_all_was_told_at_its_end_has_no_course() -> None:
    assert throughput(course([0, 0, 600], [0, 0, 6])).points == ""


@given(st.lists(st.floats(0, 1e5), max_size=20), st.floats(0, 1e5), st.none() | st.floats(0, 1e5))
def test_a_trend_stays_in_its_view_box(earlier: list[float], value: float, high: float | None) -> None:
    low = None if high is None else high / 2
    drawn = trend(Rate("Findings", "an hour", value, tuple(earlier), low, high))
    assert all(0 <= x <= WIDTH and -0.1 <= y <= HEIGHT + 0.1 for x, y in points(drawn.points))
    assert points(drawn.points)[-1] == (round(drawn.dot_x, 1), round(drawn.dot_y, 1))


def test_a_long_night_is_thinned_evenly_and_keeps_its_end() -> None:
    samples = [Sample(elapsed_s=i, audio_s=i, committed=i) for i in range(60_000)]
    kept = thinned(samples)
    assert len(kept) == 240
    assert (kept[0], kept[-1]) == (samples[0], samples[-1])
    assert {round(b.elapsed_s - a.elapsed_s) for a, b in pairwise(kept)} <= {251, 250, 252}
