"""Benchmark of scale, on a small manifest: each part and the whole job."""

from __future__ import annotations

import pytest

from benchmarks.scale import measure


@pytest.mark.long
def test_a_small_manifest_goes_through_every_part_and_the_whole_job() -> None:
    measured = dict(measure(40, words=5, rows_in_a_shard=10))
    assert len(measured) == 5
    assert all(cost.peak_mib > 0 and cost.work_cpu_s > 0 for cost in measured.values())
