"""Metrics file, read with Prometheus' own parser."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.observe_run import METRICS, TextFile
from hushbeam.transforms.storage import files
from tests.transforms.observe_run.runs import ENDED_S, broken, completed

Samples = dict[tuple[str, ...], float]


def samples(text: str) -> dict[str, Samples]:
    """Values by metric and by the values of its labels, in the labels' order of names."""
    found: dict[str, Samples] = {}
    for family in text_string_to_metric_families(text):
        assert family.type == "gauge"
        assert family.documentation
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(value for _, value in sorted(sample.labels.items()))] = sample.value
    return found


def test_all_metrics_of_a_run_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "hushbeam.prom"
    TextFile(str(path)).write(completed())
    read = samples(path.read_text())
    assert set(read) == {metric.prometheus_name for metric in METRICS}
    assert read["hushbeam_run_recordings"] == {
        ("completed", "nightly-calls"): 90,
        ("skipped", "nightly-calls"): 5,
        ("quarantined", "nightly-calls"): 3,
        ("failed", "nightly-calls"): 2,
    }
    assert read["hushbeam_run_audio_seconds"] == {("nightly-calls",): 7200.5}
    assert read["hushbeam_run_canary_recall_ratio"] == {("nightly-calls",): 0.975}
    assert read["hushbeam_run_exit_status"] == {("nightly-calls",): 0}


def test_the_collector_can_read_the_file_and_finds_no_other(tmp_path: Path) -> None:
    path = tmp_path / "hushbeam.prom"
    TextFile(str(path)).write(completed())
    assert path.stat().st_mode & stat.S_IROTH
    assert [found.name for found in tmp_path.iterdir()] == ["hushbeam.prom"]


def test_a_run_that_broke_still_tells_when_the_last_one_did_not(tmp_path: Path) -> None:
    path = tmp_path / "hushbeam.prom"
    TextFile(str(path)).write(completed())
    for _ in range(2):
        TextFile(str(path)).write(broken())
    read = samples(path.read_text())
    assert read["hushbeam_last_success_timestamp_seconds"] == {("nightly-calls",): ENDED_S}
    assert read["hushbeam_run_exit_status"] == {("nightly-calls",): 1}
    assert "hushbeam_run_recordings" not in read


@pytest.mark.parametrize("before", [b"", b"hushbeam_run{ not a metric\n", b"\xff\xfe nothing", b"other_metric 3\n"])
def test_whatever_was_there_is_replaced(tmp_path: Path, before: bytes) -> None:
    path = tmp_path / "hushbeam.prom"
    path.write_bytes(before)
    TextFile(str(path)).write(broken())
    assert "hushbeam_last_success_timestamp_seconds" not in samples(path.read_text())


def test_the_success_of_another_pipeline_is_not_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "hushbeam.prom"
    TextFile(str(path)).write(completed(pipeline="other"))
    TextFile(str(path)).write(broken())
    assert "hushbeam_last_success_timestamp_seconds" not in samples(path.read_text())


def test_an_object_store_takes_the_same_file(tmp_path: Path) -> None:
    url = f"memory://metrics-{tmp_path.name}/hushbeam.prom"
    path = tmp_path / "hushbeam.prom"
    for location in (url, str(path)):
        TextFile(location).write(completed())
        TextFile(location).write(broken())
    assert files.read_text(url) == path.read_text()


@pytest.mark.parametrize("location", ["hushbeam.txt", "no-such-folder/hushbeam.prom", "http://host/hushbeam.prom", ""])
def test_a_place_where_no_collector_would_find_it_is_refused(
    tmp_path: Path, location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match="--metrics_file"):
        TextFile(location)


def test_without_the_library_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(ConfigurationError, match=r"--metrics_file: .*\.\[observability\]"):
        TextFile(str(tmp_path / "hushbeam.prom"))
