"""Queries over real outputs."""

from __future__ import annotations

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


def test_bigquery_reads_every_table_that_a_run_writes(redact: Callable[..., Run]) -> None:
    run = redact({"recording_id": "card", "audio_url": "card.flac"})
    written = {path.relative_to(run.output).parts[0] for path in run.output.rglob("*.parquet")} - {"runs"}
    assert {statement.this.name for statement in external_tables()} == written
