"""Queries over real outputs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE
from tests.deploy.bigquery_statements import external_tables
from tests.pipelines.conftest import Run, calls, redact

__all__ = ["calls", "redact"]

WAREHOUSE = Path(__file__).parents[2] / "deploy" / "warehouse"


def test_duckdb_reads_what_a_run_wrote(redact: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    run = redact(
        {"recording_id": "card", "audio_url": "card.flac"},
        {"recording_id": "absent", "audio_url": "absent.flac"},
    )
    assert run.status == EXIT_INCOMPLETE != EXIT_COMPLETED
    monkeypatch.chdir(run.output)
    with duckdb.connect() as database:
        database.execute((WAREHOUSE / "duckdb.sql").read_text())
        found = dict(database.execute("SELECT policy, findings FROM findings_per_hour").fetchall())
        failed = database.execute("SELECT status, stage, recordings FROM not_completed").fetchall()
        muted = database.execute("SELECT recording_id, share FROM most_muted").fetchall()
        words = database.execute("SELECT text, end_s - start_s, redacted FROM words ORDER BY start_s").fetchall()
    assert found["credit_card_number"] >= 1
    assert sum(found.values()) == len(run.rows("findings"))
    assert failed == [("failed", "SkipFinished", 1)]
    assert [name for name, _ in muted] == ["card"]
    assert 0.1 < muted[0][1] < 0.9
    (row,) = run.rows("transcripts")
    assert len(words) == sum(len(utterance["words"]) for utterance in row["utterances"])
    assert {redacted for _, _, redacted in words} == {True, False}
    assert all(duration >= 0 for _, duration, _ in words)


def test_duckdb_counts_recordings_that_did_not_complete_once_and_until_they_do(
    redact: Callable[..., Run], calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_completed() -> list[tuple[str, int]]:
        with duckdb.connect() as database:
            database.execute((WAREHOUSE / "duckdb.sql").read_text())
            return database.execute("SELECT stage, recordings FROM not_completed").fetchall()

    lines = [{"recording_id": name, "audio_url": f"{name}.flac"} for name in ("card", "late", "absent")]
    monkeypatch.chdir(redact(*lines).output)
    redact(*lines)
    assert not_completed() == [("SkipFinished", 2)], "two runs, but two recordings"
    late = calls / "late.flac"
    try:
        shutil.copy(calls / "transfer.flac", late)
        redact(*lines)
    finally:
        late.unlink()
    assert not_completed() == [("SkipFinished", 1)]


def test_duckdb_gives_the_muted_share_of_all_channels(
    redact: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = redact({"recording_id": "card", "audio_url": "card.flac"})
    (row,) = run.rows("transcripts")
    assert row["channels"] > 1, "the recording has the two sides of a call"
    monkeypatch.chdir(run.output)
    with duckdb.connect() as database:
        database.execute((WAREHOUSE / "duckdb.sql").read_text())
        (share,) = database.execute("SELECT share FROM most_muted").fetchall()
    assert share[0] == pytest.approx(row["muted_s"] / row["duration_s"] / row["channels"])


def test_bigquery_reads_every_table_that_a_run_writes(redact: Callable[..., Run]) -> None:
    run = redact({"recording_id": "card", "audio_url": "card.flac"})
    written = {path.relative_to(run.output).parts[0] for path in run.output.rglob("*.parquet")} - {"runs"}
    assert {statement.this.name for statement in external_tables()} == written
