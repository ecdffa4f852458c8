"""What a killed run published is written into the tables of the next, once, unless that does the recording again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import apache_beam as beam
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to

from schemas.stages import CommittedRecording
from transforms.commit import RecoverCommitted
from transforms.commit.ledger import Status, write_status
from transforms.commit.recovery import forget_rows, keep_rows, safety_copies

_COMMITTED = CommittedRecording(
    recording_id="",
    manifest="m.jsonl",
    line=1,
    output_identity="first",
    status="completed",
    redacted_audio_url=None,
    transcript_row="{}",
    finding_rows=("{}",),
    audio_s=1.0,
)


def _leave(output: str, run_id: str, recording_id: str, *, published: str | None = "first") -> CommittedRecording:
    committed = replace(_COMMITTED, recording_id=recording_id)
    keep_rows(output, run_id, committed)
    if published is not None:
        write_status(output, Status("completed", recording_id, None, published, run_id))
    return replace(committed, replaces=True, recovered=True)


def test_what_was_published_is_recovered_and_nothing_else(tmp_path: Path) -> None:
    output = str(tmp_path)
    expected = [_leave(output, "killed", f"call-{number}") for number in range(500)]
    _leave(output, "killed", "never published", published=None)
    _leave(output, "killed", "another output since", published="second")
    _leave(output, "now", "this run's own")
    again = replace(_COMMITTED, recording_id="call-7", output_identity="second")
    with TestPipeline(runner="FnApiRunner") as pipeline:
        published = pipeline | beam.Create([again]).with_output_types(CommittedRecording)
        recovered = published | RecoverCommitted(output, "now")
        assert_that(recovered, equal_to([one for one in expected if one.recording_id != "call-7"]))


def test_all_safety_copies_are_forgotten(tmp_path: Path) -> None:
    for number in range(30):
        _leave(str(tmp_path), f"run-{number % 2}", f"call-{number}")
    assert len(safety_copies(str(tmp_path))) == 30
    forget_rows(str(tmp_path))
    assert safety_copies(str(tmp_path)) == []
