"""Tables of other versions: this version reads those of earlier ones, and what it needs of those of a later one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hushbeam.schemas import tables as schemas
from hushbeam.schemas.tables import SCHEMA_VERSION, VERSION, column, is_readable
from hushbeam.transforms.archive import claims
from hushbeam.transforms.archive.claims import table_names, table_problems
from hushbeam.transforms.archive.tables import read
from hushbeam.transforms.archive.tables.change import Tables
from hushbeam.transforms.archive.tables.current import CurrentRuns
from hushbeam.transforms.archive.tables.digests import transcript_digest
from hushbeam.transforms.archive.tables.layout import SCHEMAS, TABLES
from hushbeam.transforms.archive.tables.parquet import write_parquet
from hushbeam.transforms.archive.tables.read import read_rows, table_files
from tests.transforms.archive.committed_rows import made_up_transcript

VERSIONS = Path(__file__).parent / "versions"
WAREHOUSE = Path(__file__).parents[4] / "deploy" / "warehouse"
EVERY = [path.name for path in sorted(VERSIONS.iterdir()) if path.name.isdigit()]


@pytest.fixture(params=EVERY)
def output(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An output root with the tables of a version."""
    return Path(shutil.copytree(VERSIONS / request.param, tmp_path / "out"))


def test_there_are_tables_of_this_version() -> None:
    assert str(SCHEMA_VERSION) in EVERY, "run python -m tests.transforms.archive.tables.versions, and commit its folder"


@pytest.mark.parametrize("table", TABLES)
def test_the_schema_of_a_version_never_changes(table: str) -> None:
    (url,) = table_files(str(VERSIONS / str(SCHEMA_VERSION)), table)
    assert pq.read_schema(url).equals(SCHEMAS[table]), "raise SCHEMA_VERSION: files of this version have other columns"


@pytest.mark.parametrize("table", TABLES)
def test_rows_of_every_version_are_read_with_all_columns(output: Path, table: str) -> None:
    (url,) = table_files(str(output), table)
    ((_, row),) = read_rows(url, SCHEMAS[table].names)
    assert set(json.loads(row)) == set(SCHEMAS[table].names)
    assert is_readable(pq.read_schema(url), SCHEMAS[table])


def test_an_audit_accepts_the_tables_of_every_version(output: Path) -> None:
    names = table_names(str(output))
    assert len(names) == len(TABLES)
    assert [problem for name in names for problem in table_problems(name, str(output))] == []


def with_another_column(table: str) -> pa.Schema:
    """The schema of the next version: one column more."""
    added = column("mood", pa.string(), "How the caller sounds", "calm", nullable=True)
    schema = SCHEMAS[table].append(added)
    return schema.with_metadata({**schema.metadata, VERSION.encode(): str(SCHEMA_VERSION + 1).encode()})


@pytest.fixture
def next_version(monkeypatch: pytest.MonkeyPatch) -> dict[str, pa.Schema]:
    """Makes the code that of a next version, whose tables have a column more."""
    later = {table: with_another_column(table) for table in TABLES}
    for module in (schemas, read, claims):
        monkeypatch.setattr(module, "SCHEMA_VERSION", SCHEMA_VERSION + 1)
    monkeypatch.setattr(claims, "SCHEMAS", later)
    return later


@pytest.mark.parametrize("table", TABLES)
def test_the_next_version_reads_tables_of_this_one(
    output: Path, table: str, next_version: dict[str, pa.Schema]
) -> None:
    (url,) = table_files(str(output), table)
    ((_, row),) = read_rows(url, next_version[table].names)
    assert json.loads(row)["mood"] is None
    name = Path(url).relative_to(output).as_posix()
    assert list(table_problems(name, str(output))) == []


def test_a_column_of_the_next_version_does_not_change_the_digest_of_a_row(
    output: Path, next_version: dict[str, pa.Schema], monkeypatch: pytest.MonkeyPatch
) -> None:
    (url,) = table_files(str(output), "transcripts")
    ((_, row),) = read_rows(url, SCHEMAS["transcripts"].names)
    before = transcript_digest(row)
    monkeypatch.setattr("hushbeam.transforms.archive.tables.digests.TRANSCRIPTS_SCHEMA", next_version["transcripts"])
    assert transcript_digest(row) == before


def test_this_version_reads_and_erases_what_a_later_one_wrote(tmp_path: Path) -> None:
    later, path = with_another_column("transcripts"), tmp_path / "transcripts/run_date=2026-11-30/later-0000.parquet"
    path.parent.mkdir(parents=True)
    row = {"run_id": "later", "processed_at": "2026-11-30T02:00:00+00:00", "mood": "calm"}
    write_parquet(path, later, [made_up_transcript(name, **row) for name in ("call", "other")])
    shutil.copytree(VERSIONS / str(SCHEMA_VERSION), tmp_path, dirs_exist_ok=True)
    assert [name for name, _ in read_rows(str(path), SCHEMAS["transcripts"].names)] == ["call", "other"]
    assert CurrentRuns.of(str(tmp_path)).is_superseded("call", "night")
    (problem,) = table_problems(path.relative_to(tmp_path).as_posix(), str(tmp_path))
    assert (problem.kind, "later version" in problem.detail) == ("table_differs", True)
    assert Tables(str(tmp_path), None).drop_recordings("transcripts", frozenset({"other"})) == 1
    (left,) = path.parent.iterdir()
    schema = pq.read_schema(left)
    assert (schema.equals(later), schema.metadata) == (True, later.metadata)
    assert pq.read_table(left)["mood"].to_pylist() == ["calm"]


def test_views_show_the_rows_of_all_versions_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = Path(shutil.copytree(VERSIONS / str(SCHEMA_VERSION), tmp_path / "out"))
    for run, started in (("second", "2026-11-30T02:00:00+00:00"), ("third", "2026-12-01T02:00:00+00:00")):
        path = output / f"transcripts/run_date={started[:10]}/{run}-0000.parquet"
        path.parent.mkdir()
        row = made_up_transcript("call", run_id=run, processed_at=started, mood="calm")
        write_parquet(path, with_another_column("transcripts"), [row])
    monkeypatch.chdir(output)
    with duckdb.connect() as database:
        database.execute((WAREHOUSE / "duckdb.sql").read_text())
        current = database.execute("SELECT recording_id, run_id, mood, run_date::VARCHAR FROM transcripts").fetchall()
        history = database.execute(
            "SELECT run_id, is_current, superseded_by, mood FROM transcript_history ORDER BY processed_at"
        ).fetchall()
        findings = database.execute("SELECT count(*) FROM findings").fetchone()
        superseded = database.execute("SELECT is_current, superseded_by FROM finding_history").fetchall()
    assert current == [("call", "third", "calm", "2026-12-01")]
    assert history == [
        ("night", False, "second", None),
        ("second", False, "third", "calm"),
        ("third", True, None, "calm"),
    ]
    assert (findings, superseded) == ((0,), [(False, "second")])
