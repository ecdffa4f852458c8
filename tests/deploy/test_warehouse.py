"""Queries over real outputs, and views that are the same in every warehouse."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import sqlglot
from sqlglot import exp

from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE
from hushbeam.schemas.tables import SCHEMA_VERSION
from hushbeam.transforms.archive.tables.layout import PARTITION, SCHEMAS
from hushbeam.transforms.archive.tables.parquet import write_parquet
from tests.deploy.bigquery_statements import PARTITIONED, external_tables
from tests.pipelines.conftest import Run, calls, redact
from tests.transforms.archive.committed_rows import made_up_finding, made_up_transcript

__all__ = ["calls", "redact"]

WAREHOUSE = Path(__file__).parents[2] / "deploy" / "warehouse"
VERSION = Path(__file__).parents[1] / "transforms" / "archive" / "tables" / "versions" / str(SCHEMA_VERSION)
_SNOWFLAKE_TYPES = {"string": "VARCHAR", "double": "FLOAT", "int32": "INTEGER", "int64": "INTEGER", "bool": "BOOLEAN"}
_HISTORY = ("is_current", "superseded_by")
COLUMNS = {
    "recording_runs": ("recording_id", "run_id", "processed_at", "superseded_by"),
    **{table: (*SCHEMAS[table].names, PARTITION) for table in SCHEMAS},
    "transcript_history": (*SCHEMAS["transcripts"].names, PARTITION, *_HISTORY),
    "finding_history": (*SCHEMAS["findings"].names, PARTITION, *_HISTORY),
}
"""The views of every warehouse, and the tables that need none."""


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
    assert {statement.this.name.removeprefix("all_") for statement in external_tables()} == written


def created(warehouse: str) -> list[exp.Create]:
    """The statements of a warehouse."""
    text = (WAREHOUSE / f"{warehouse}.sql").read_text().replace(PARTITIONED, "")
    return [one for one in sqlglot.parse(text, dialect=warehouse) if isinstance(one, exp.Create)]


def is_over_files(statement: exp.Create) -> bool:
    """Whether it makes a table or view of the files of a table, as they are."""
    return str(statement.this.find(exp.Table).name).removeprefix("all_") in SCHEMAS and not statement.find(
        exp.Where, exp.Join
    )


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """DuckDB in an output in which a recording was redacted again, and another once."""
    output = Path(shutil.copytree(VERSION, tmp_path / "out"))
    again = {"run_id": "second", "processed_at": "2026-11-30T02:00:00+00:00"}
    audio = {"redacted_audio_url": "audio/call.0123456789ab.wav"}
    rows = {
        "transcripts": [made_up_transcript("call", **audio, **again), made_up_transcript("other", **again)],
        "findings": [made_up_finding("call", **again), made_up_finding("other", **again)],
    }
    for table, own in rows.items():
        path = output / table / f"{PARTITION}=2026-11-30" / "second-0000.parquet"
        path.parent.mkdir()
        write_parquet(path, SCHEMAS[table], own)
    monkeypatch.chdir(output)
    with duckdb.connect() as opened:
        opened.execute("SET TimeZone = 'UTC'")
        opened.execute((WAREHOUSE / "duckdb.sql").read_text()).fetchall()
        yield opened


def rows_of(database: Any, view: str) -> list[tuple[object, ...]]:
    """Its rows. Of redacted audio the name alone, since each warehouse has a root of its own."""
    named = "redacted_audio_url" in COLUMNS[view.rpartition(".")[2]]
    replaced = " REPLACE (parse_filename(redacted_audio_url) AS redacted_audio_url)" if named else ""
    return sorted(database.sql(f"SELECT *{replaced} FROM {view}").fetchall(), key=str)


def test_duckdb_has_the_views_of_every_warehouse(database: Any) -> None:
    for view, columns in COLUMNS.items():
        assert tuple(database.table(view).columns) == columns
    assert {row[:2] for row in rows_of(database, "recording_runs")} == {
        ("call", "night"),
        ("call", "second"),
        ("other", "second"),
    }
    for view in ("transcripts", "findings"):
        assert {row[0] for row in rows_of(database, view)} == {"call", "other"}
        assert len(rows_of(database, view)) == 2


@pytest.mark.parametrize("warehouse", ["bigquery", "spark", "snowflake"])
def test_every_warehouse_has_the_same_views_with_the_same_columns_and_rows(database: Any, warehouse: str) -> None:
    statements = created(warehouse)
    schema = {"bigquery": "DATASET", "spark": "hushbeam", "snowflake": "own"}[warehouse]
    database.execute(f"CREATE SCHEMA {schema}")
    made = set()
    for statement in statements:
        name = str(statement.this.find(exp.Table).name)
        if statement.kind == "SCHEMA" or name == "words":
            continue
        made.add(name)
        if is_over_files(statement):
            source = f"read_parquet('{name.removeprefix('all_')}/*/*.parquet', hive_partitioning = true)"
            own = "NULL AS value, " if warehouse == "snowflake" and name.startswith("all_") else ""
            database.execute(f"CREATE VIEW {schema}.{name} AS SELECT {own}* FROM {source}")
        else:
            translated = statement.copy()
            for table in translated.find_all(exp.Table):
                table.set("db", exp.to_identifier(schema))
            database.execute(translated.sql("duckdb"))
    assert made == {"all_transcripts", "all_findings", *COLUMNS}
    for view, columns in COLUMNS.items():
        assert tuple(database.view(f"{schema}.{view}").columns) == columns, view
        assert rows_of(database, f"{schema}.{view}") == rows_of(database, view), view
    audio = database.sql(f"SELECT redacted_audio_url FROM {schema}.transcripts ORDER BY recording_id").fetchall()
    assert audio == [("gs://BUCKET/redacted/audio/call.0123456789ab.wav",), (None,)]


@pytest.mark.parametrize("table", SCHEMAS)
def test_snowflake_reads_every_column_with_its_type(table: str) -> None:
    columns = [snowflake_column(field) for field in SCHEMAS[table]]
    night = f"TO_DATE(REGEXP_SUBSTR(METADATA$FILENAME, '{PARTITION}=([0-9-]+)', 1, 1, 'e', 1))"
    before, location, _ = (WAREHOUSE / "snowflake.sql").read_text().partition(f"@HUSHBEAM_STAGE/{table}/ ")
    assert location
    defined = before.rpartition(" (\n")[2].partition("\n)")[0]
    assert defined == ",\n".join(f"  {column}" for column in (*columns, f"{PARTITION} DATE AS ({night})"))


def snowflake_column(field: pa.Field) -> str:
    """The column of an external table that reads a field. Nested ones stay as they lie in the files."""
    if pa.types.is_nested(field.type):
        return f"{field.name} VARIANT AS (VALUE:{field.name})"
    kind = "TIMESTAMP_TZ" if pa.types.is_timestamp(field.type) else _SNOWFLAKE_TYPES[str(field.type)]
    return f"{field.name} {kind} AS (VALUE:{field.name}::{kind})"


def test_words_have_the_same_columns_where_there_are_views_of_them(database: Any) -> None:
    (words,) = [one for one in created("bigquery") if one.this.name == "words"]
    assert words.expression.named_selects == database.table("words").columns
