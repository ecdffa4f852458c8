"""The pipeline of a Dataflow template, run here: its stages hold the lock of the output, as no process waits for it."""

from __future__ import annotations

import json
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from hushbeam.pipelines.options.commands.redact import RedactOptions
from hushbeam.pipelines.options.parsing import parse
from hushbeam.pipelines.redact import build
from hushbeam.pipelines.running.job import prepare
from hushbeam.transforms.archive.run_lock import PipelineHold, RunLock
from tests.pipelines.conftest import FAST, calls

__all__ = ["calls"]


def run_template(manifest: Path, output: Path, *more: str) -> None:
    options, _ = parse(RedactOptions, ["--manifest", str(manifest), "--output", str(output), *FAST, *more])
    job = prepare(options, local=False)
    hold = PipelineHold(job.output, job.run_id, "token-1", by_process=False)
    with beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner"])) as pipeline:
        build(pipeline, job._replace(hold=hold))


@pytest.fixture
def manifest(calls: Path, tmp_path: Path) -> Path:
    lines = [{"recording_id": "phone", "audio_url": str(calls / "phone.wav")}, {"recording_id": "typo", "audio": "x"}]
    path = tmp_path / "calls.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def test_a_run_of_a_template_publishes_and_gives_the_output_back(manifest: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    run_template(manifest, output, "--run_id", "night")
    assert [path.name.startswith("phone") for path in output.glob("status/*.json")] == [True]
    summary = json.loads((output / "runs" / "night" / "summary.json").read_text())
    assert (summary["recordings"]["completed"], summary["recordings"]["failed"]) == (1, 1)
    assert not list(output.glob("runs/LOCK*"))
    with pytest.raises(Exception, match="--run_id: an earlier run"):
        run_template(manifest, output, "--run_id", "night")


def test_a_run_of_a_template_leaves_an_output_alone_that_another_run_holds(manifest: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    with RunLock(str(output), "another"):
        with pytest.raises(Exception, match="run another is writing there"):
            run_template(manifest, output)
        assert [path.name.split("-")[0] for path in output.rglob("*") if path.is_file()] == ["LOCK", "LOCK"]


def test_a_run_of_a_template_without_recordings_ends_and_gives_the_output_back(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("\n")
    run_template(tmp_path / "empty.jsonl", tmp_path / "out", "--run_id", "quiet")
    assert (tmp_path / "out" / "runs" / "quiet" / "summary.json").exists()
    assert not list((tmp_path / "out").glob("runs/LOCK*"))
