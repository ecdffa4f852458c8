"""The gate before the night."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from hushbeam.pipelines.options.commands.redact import RedactOptions
from hushbeam.pipelines.options.rules import Rules
from hushbeam.pipelines.running.canaries import check_canaries
from hushbeam.pipelines.running.exit_status import EXIT_CANARIES_MISSED, EXIT_COMPLETED
from hushbeam.pipelines.running.job import Job
from hushbeam.transforms.canary_gate import CanariesMissedError, copy_calls, score
from tests.own_detectors import blind_detector
from tests.pipelines.conftest import Redact, Run

PHONE = {"recording_id": "phone", "audio_url": "phone.wav"}


def _files(output: Path) -> set[str]:
    return {path.relative_to(output).parts[0] for path in output.rglob("*") if path.is_file()}


def test_a_job_that_sees_goes_on_and_leaves_nothing_of_the_canaries(redact: Redact) -> None:
    run = redact(PHONE, options=("--canaries", "--captions"))
    assert run.status == EXIT_COMPLETED, run.terminal
    assert run.statuses() == set(run.audio()) == {"phone"}
    assert {row["recording_id"] for row in run.rows("transcripts")} == {"phone"}
    assert not (run.output / "canaries").exists()
    (result,) = [json.loads(path.read_text()) for path in run.output.glob("runs/*/canaries.json")]
    assert result["items"] >= 18
    assert result["recall"] >= 0.9
    assert "Canaries:" in run.terminal


def test_a_job_that_is_blind_publishes_nothing_and_says_so(redact: Redact, tmp_path: Path) -> None:
    _check_nothing_published(
        redact(PHONE, options=("--canaries", "--detector", blind_detector(tmp_path / "blind"))), "missed: "
    )


def test_the_jobs_own_inputs_are_not_among_the_canaries(tmp_path: Path) -> None:
    options = RedactOptions(inputs=("a.wav",), output=str(tmp_path / "out"))
    job = Job(
        options,
        ("/calls/b.jsonl",),
        options.output,
        "run",
        "2026-11-29T02:00:00+00:00",
        None,
        Rules(),
        {},
        recordings=("/calls/a.wav",),
    )
    run: list[Job] = []
    with pytest.raises(CanariesMissedError):  # nothing is redacted
        check_canaries(job, run.append, Console(file=io.StringIO()))
    (calls,) = run
    assert (calls.recordings, len(calls.manifests)) == ((), 1)
    assert calls.manifests[0].startswith(options.output)


@pytest.mark.long
def test_a_job_for_other_policies_than_those_of_the_canaries_is_blind(redact: Redact) -> None:
    run = redact(PHONE, options=("--canaries", "--policies", "occupation"))
    _check_nothing_published(run, "none of their policies is requested")


def _check_nothing_published(run: Run, said: str) -> None:
    assert run.status == EXIT_CANARIES_MISSED, run.terminal
    assert said in run.terminal
    assert "Nothing was published" in run.terminal
    assert _files(run.output) == {"runs"}
    assert {path.name for path in run.output.glob("runs/*/*")} == {"canaries.json"}


def test_calls_that_did_not_complete_count_as_missed(tmp_path: Path) -> None:
    manifest = Path(copy_calls(str(tmp_path)))
    assert all(Path(json.loads(line)["audio_url"]).is_file() for line in manifest.read_text().splitlines())
    nothing = score(str(tmp_path), ["credit_card_number", "person_name"])
    assert nothing.items == sum(nothing.missed.values()) > 5
    assert nothing.recall == 0
