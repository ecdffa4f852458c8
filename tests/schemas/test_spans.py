"""Plain functions: arithmetic of ranges, against counting their points one by one."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.schemas.spans import TimeSpan, merged, merged_spans, outside, runs, uncovered

RANGES = st.lists(st.tuples(st.integers(-5, 40), st.integers(-2, 9)).map(lambda pair: (pair[0], sum(pair))), max_size=9)
SPANS = st.lists(
    st.builds(
        lambda channel, start_s, length_s: TimeSpan(channel, start_s, start_s + length_s),
        *(st.integers(0, 2), st.floats(-5, 70), st.floats(0, 20)),
    ),
    max_size=30,
)


def points(ranges: Iterable[tuple[int, int]]) -> set[int]:
    return {point for start, end in ranges for point in range(start, end)}


@given(RANGES)
def test_merged_ranges_hold_the_same_points_in_order_and_apart(ranges: list[tuple[int, int]]) -> None:
    found = merged(ranges)
    assert points(found) == points(ranges)
    assert all(start < end for start, end in found)
    assert all(before[1] < after[0] for before, after in pairwise(found))
    assert merged(found) == found


@given(RANGES, st.integers(0, 9))
def test_ranges_are_joined_over_gaps_that_are_no_longer_than_allowed(ranges: list[tuple[int, int]], gap: int) -> None:
    found = merged(ranges, gap)
    assert all(after[0] - before[1] > gap for before, after in pairwise(found))
    added = points(found) - points(ranges)
    assert all(end - start <= gap for start, end in merged((point, point + 1) for point in added))


@given(RANGES, st.tuples(st.integers(-5, 40), st.integers(-5, 40)))
def test_uncovered_parts_hold_the_points_that_no_cover_holds(
    ranges: list[tuple[int, int]], whole: tuple[int, int]
) -> None:
    found = list(uncovered(*whole, merged(ranges)))
    assert points(found) == points([whole]) - points(ranges)
    assert found == merged(found)


@given(st.lists(st.booleans()))
def test_runs_of_a_mask_are_its_true_values(mask: list[bool]) -> None:
    found = runs(np.array(mask, bool))
    assert points(found) == {index for index, value in enumerate(mask) if value}
    assert found == merged(found)


@given(SPANS, st.floats(0, 1))
def test_merged_spans_hold_the_same_time_in_order_and_apart(spans: list[TimeSpan], gap_s: float) -> None:
    found = merged_spans(spans, 60.0, gap_s)
    assert list(found) == sorted(found, key=lambda span: (span.channel, span.start_s))
    assert all(0.0 <= span.start_s < span.end_s <= 60.0 for span in found)
    for before, after in pairwise(found):
        assert before.channel < after.channel or before.end_s + gap_s < after.start_s
    for span in spans:
        start_s, end_s = max(span.start_s, 0.0), min(span.end_s, 60.0)
        if start_s < end_s:
            assert any(m.channel == span.channel and m.start_s <= start_s and m.end_s >= end_s for m in found)
    assert merged_spans(found, 60.0, gap_s) == found


def test_parts_outside_are_cut_in_their_own_channel_alone() -> None:
    spans = [TimeSpan(0, 1.0, 5.0), TimeSpan(1, 1.0, 2.0)]
    cuts = [TimeSpan(0, 4.0, 9.0), TimeSpan(0, 2.0, 3.0)]
    assert list(outside(spans, cuts)) == [TimeSpan(0, 1.0, 2.0), TimeSpan(0, 3.0, 4.0), TimeSpan(1, 1.0, 2.0)]


@given(SPANS, SPANS)
def test_parts_outside_share_no_time_with_a_cut(spans: list[TimeSpan], cuts: list[TimeSpan]) -> None:
    for part in outside(spans, cuts):
        assert any(s.channel == part.channel and s.start_s <= part.start_s and part.end_s <= s.end_s for s in spans)
        assert not any(
            cut.channel == part.channel and max(cut.start_s, part.start_s) < min(cut.end_s, part.end_s) for cut in cuts
        )
