"""Metrics of a run, and their table in docs/metrics.md. Plain functions."""

from __future__ import annotations

import re
from pathlib import Path

from hushbeam.transforms.observe_run import METRICS, measure
from hushbeam.transforms.observe_run.measures import PIPELINE
from tests.transforms.observe_run.runs import ENDED_S, broken, completed

_PAGE = (Path(__file__).parents[3] / "docs" / "metrics.md").read_text()


def by_name(end) -> dict[str, dict[tuple[str, ...], float]]:
    return {metric.name: dict(values) for metric, values in measure(end).items()}


def test_a_complete_run_has_a_value_of_every_metric() -> None:
    assert list(measure(completed())) == list(METRICS)


def test_values_have_a_label_for_each_that_the_metric_names() -> None:
    for metric, values in measure(completed()).items():
        assert values
        assert {len(labels) for labels in values} == {len(metric.labels)}, metric.name


def test_recordings_that_failed_for_one_reason_are_counted_together() -> None:
    assert by_name(completed())["hushbeam.run.incomplete_recordings"] == {
        ("quarantined", "MuteAudio", "NoTimeError"): 3,
        ("failed", "Transcribe", "MissingFileError"): 2,
    }


def test_a_rate_outside_its_expected_range_counts_and_one_without_a_range_does_not() -> None:
    assert by_name(completed())["hushbeam.run.outside_expected_range"] == {("findings",): 1, ("failed",): 0}


def test_a_run_is_a_success_unless_it_broke_or_more_went_wrong_than_is_tolerated() -> None:
    assert by_name(completed(exit_status=0))["hushbeam.last_success_timestamp"] == {(): ENDED_S}
    assert "hushbeam.last_success_timestamp" not in by_name(completed(exit_status=3))
    assert by_name(broken()) == {
        "hushbeam.run.exit_status": {(): 1},
        "hushbeam.run.duration": {(): 5400.0},
        "hushbeam.run.end_timestamp": {(): ENDED_S},
    }


def test_names_keep_to_what_prometheus_accepts_and_differ() -> None:
    names = [metric.prometheus_name for metric in METRICS]
    assert all(re.fullmatch(r"hushbeam_[a-z_]+", name) for name in names)
    assert len(set(names)) == len(names)


def test_the_page_on_metrics_has_a_row_for_each_with_its_labels_and_meaning() -> None:
    rows = re.findall(r"^\| `(hushbeam\.[a-z_.]+)` \| `(\w+)` \| ([^|]*) \| ([^|]+) \|$", _PAGE, re.MULTILINE)
    assert rows == [
        (metric.name, metric.prometheus_name, ", ".join(f"`{label}`" for label in metric.labels), metric.description)
        for metric in METRICS
    ]
    assert f"`{PIPELINE}`" in _PAGE
