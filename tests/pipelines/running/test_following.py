"""Progress of a run on a terminal, from the counts of stages or from the metrics of a remote job.

`tests/runners/test_prism.py` follows a real one while it runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import apache_beam as beam
import grpc
import pytest
from apache_beam.portability.api import beam_job_api_pb2_grpc
from apache_beam.runners.portability import portable_runner
from apache_beam.runners.runner import PipelineResult

from hushbeam.pipelines.running.reporting.following import Following, counts_of
from hushbeam.pipelines.running.reporting.progress import progress_of
from hushbeam.transforms.base import progress
from hushbeam.transforms.base.progress import COMMITTED
from tests.pipelines.conftest import Redact
from tests.runners.processes import free_port


def test_metrics_count_what_stages_report_in_their_own_process(
    redact: Redact, calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run with recordings that pass, fail, and are skipped: both ways of following it come to the same."""
    lines = [{"audio_url": "card.flac", "recording_id": "a"}, {"audio_url": "gone.wav", "recording_id": "b"}]
    redact(lines[0])
    results = []
    run = beam.Pipeline.run

    def run_and_keep(pipeline: beam.Pipeline) -> PipelineResult:
        results.append(run(pipeline))
        return results[-1]

    monkeypatch.setattr(beam.Pipeline, "run", run_and_keep)
    redact(*lines, {"audio_url": "phone.wav", "recording_id": "c"})
    (result,) = results
    counts = counts_of(result.metrics().query())
    reported = dict(progress.counts())
    assert reported["SkipFinished.skipped"] == 1
    assert reported[COMMITTED] == 1
    assert reported["SkipFinished.failed"] == 1
    assert {name: counts.get(name) for name in reported} == reported
    assert progress_of(counts) == progress_of(reported)
    now = progress_of(progress.counts_now())
    assert now.is_measured
    assert now.transcribed_s == pytest.approx(progress_of(counts).transcribed_s, abs=0.01), "a window is never lost"


def test_a_job_whose_metrics_are_silent_is_followed_by_what_it_commits(tmp_path: Path) -> None:
    with beam.Pipeline() as pipeline:
        pipeline | beam.Create([1])
    following = Following(pipeline.result, str(tmp_path), "night-1")
    assert following() == {COMMITTED: 0}
    rows = tmp_path / "runs" / "night-1" / "rows"
    rows.mkdir(parents=True)
    for name in "ab":
        (rows / f"{name}.json").write_text("{}")
    assert _eventually(following) == {COMMITTED: 2}
    for path in rows.iterdir():
        path.unlink()
    assert following() == {COMMITTED: 2}, "closing the run removes the copies, and undoes nothing"


def test_a_runner_that_is_gone_is_not_an_error(tmp_path: Path) -> None:
    with grpc.insecure_channel(f"localhost:{free_port()}") as channel:
        service = beam_job_api_pb2_grpc.JobServiceStub(channel)
        following = Following(portable_runner.PipelineResult(service, "job", (), ()), str(tmp_path), "night-1")
        rows = tmp_path / "runs" / "night-1" / "rows"
        rows.mkdir(parents=True)
        (rows / "a.json").write_text("{}")
        assert following() == {COMMITTED: 1}


def _eventually(following: Following) -> Mapping[str, int]:
    while not following()[COMMITTED]:
        pass
    return following()
