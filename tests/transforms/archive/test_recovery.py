"""Recovery of recordings that a killed run published: once, unless the next run redacts them again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to

from hushbeam.schemas.stages import CommittedRecording
from hushbeam.transforms.archive import recovery
from hushbeam.transforms.archive.ledger import Status, write_status
from hushbeam.transforms.archive.recovery import forget_rows, keep_rows, kept_rows, recover, rows_url, safety_copies
from hushbeam.transforms.commit import RecoverCommitted
from tests.transforms.archive.committed_rows import certificate_for, made_up_finding, made_up_transcript

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
    row, finding = made_up_transcript(recording_id, run_id=run_id), made_up_finding(recording_id, run_id=run_id)
    committed = replace(_COMMITTED, recording_id=recording_id, transcript_row=row, finding_rows=(finding,))
    keep_rows(output, run_id, committed)
    if published is not None:
        certificate = certificate_for(row, finding)
        write_status(output, Status("completed", recording_id, None, published, run_id, certificate))
    return replace(committed, replaces=True, recovered=True)


def test_published_recordings_are_recovered_and_no_others(tmp_path: Path) -> None:
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


def test_a_copy_that_was_never_committed_is_removed_after_another_run_commits_its_recording(tmp_path: Path) -> None:
    output = str(tmp_path)
    _leave(output, "killed", "call-1", published=None)
    _leave(output, "done", "call-1")
    assert list(recover(output, [rows_url(output, "killed", "call-1")])) == []
    forget_rows(output, "done")
    assert safety_copies(output) == []


@pytest.mark.parametrize("at_once", [1, 5, 10_000])
def test_all_safety_copies_are_removed(tmp_path: Path, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "_REMOVED_AT_ONCE", at_once)
    for number in range(30):
        _leave(str(tmp_path), f"run-{number % 2}", f"call-{number}")
    assert len(safety_copies(str(tmp_path))) == 30
    forget_rows(str(tmp_path), "run-1")
    assert safety_copies(str(tmp_path)) == []


def _of_another(values: dict[str, Any]) -> None:
    values["recording_id"] = "call-2"


def _row_of_another(values: dict[str, Any]) -> None:
    values["transcript_row"] = made_up_transcript("call-2")


def _other_words(values: dict[str, Any]) -> None:
    values["transcript_row"] = made_up_transcript("call-1", text="Mary Smith")


def _other_finding(values: dict[str, Any]) -> None:
    values["finding_rows"] = [made_up_finding("call-1", start_s=0.0)]


def _no_rows(values: dict[str, Any]) -> None:
    values["transcript_row"] = "[]"


def _not_a_number(values: dict[str, Any]) -> None:
    values["audio_s"] = "long"


def _not_a_line(values: dict[str, Any]) -> None:
    values["line"] = [1]


@pytest.mark.parametrize(
    "forge",
    [_not_a_number, _not_a_line, _of_another, _row_of_another, _other_words, _other_finding, _no_rows, dict.clear],
)
def test_a_forged_copy_gives_no_row_and_is_not_removed(tmp_path: Path, forge: Callable[[dict[str, Any]], None]) -> None:
    output = str(tmp_path)
    for name in ("call-1", "call-2"):
        _leave(output, "killed", name)
    path = Path(rows_url(output, "killed", "call-1"))
    values = json.loads(path.read_text())
    forge(values)
    path.write_text(json.dumps(values))
    assert [one.recording_id for one in recover(output, safety_copies(output))] == ["call-2"]
    assert kept_rows(output, "killed", "call-1") is None
    forget_rows(output, "now")
    assert safety_copies(output) == [str(path)]


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b"{", b"[" * 100_000])
def test_a_damaged_copy_does_not_end_the_run(tmp_path: Path, content: bytes) -> None:
    output = str(tmp_path)
    _leave(output, "killed", "call-1")
    Path(rows_url(output, "killed", "call-1")).write_bytes(content)
    assert list(recover(output, safety_copies(output))) == []
    assert kept_rows(output, "killed", "call-1") is None


def test_a_recording_that_has_expired_is_recovered_as_expired(tmp_path: Path) -> None:
    output, name = str(tmp_path), "call-1.first.wav"
    row = made_up_transcript("call-1", status="redacted_audio_ready", redacted_audio_url=f"/elsewhere/audio/{name}")
    ready = replace(
        _COMMITTED,
        recording_id="call-1",
        status="redacted_audio_ready",
        redacted_audio_url=f"/elsewhere/audio/{name}",
        transcript_row=row,
        finding_rows=(),
    )
    keep_rows(output, "killed", ready)
    status = Status("redacted_audio_expired", "call-1", None, "first", "killed", certificate_for(row), "gone")
    write_status(output, status)
    (recovered,) = recover(output, safety_copies(output))
    assert (recovered.status, recovered.redacted_audio_url) == ("redacted_audio_expired", None)
    assert json.loads(recovered.transcript_row)["status"] == "redacted_audio_expired"

    write_status(
        output, replace(status, status="redacted_audio_ready", redacted_audio_url=f"gs://old/{name}", error=None)
    )
    (recovered,) = recover(output, safety_copies(output))
    assert recovered.redacted_audio_url == f"{output}/audio/{name}"
    assert json.loads(recovered.transcript_row)["redacted_audio_url"] == f"audio/{name}"


def test_copies_of_a_run_that_wrote_its_tables_are_removed_and_not_recovered(tmp_path: Path) -> None:
    output = str(tmp_path)
    _leave(output, "ended", "call-1")
    (tmp_path / "runs/ended/summary.json").write_text("{}")
    assert list(recover(output, safety_copies(output))) == []
    forget_rows(output, "now")
    assert safety_copies(output) == []
