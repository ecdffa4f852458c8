"""Benchmark of nights, over a small archive."""

from __future__ import annotations

from benchmarks.nights import measure


def test_a_small_archive_is_listed_and_a_larger_one_is_asked_by_name() -> None:
    first, last = measure([2, 20], recordings=2)
    assert first.named_ms is None
    assert last.named_ms is not None
    assert 0 < first.files < last.files
    assert all(min(night.listed_ms, night.lists_ms, night.new_lists_ms, night.close_ms) > 0 for night in (first, last))
