"""Files of runs in tables of both formats: registered once each, evolved, taken out and forgotten."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hushbeam.schemas.errors import RunError
from hushbeam.transforms.archive.runs.table_format import recorded_format
from hushbeam.transforms.archive.tables.layout import SCHEMAS
from hushbeam.transforms.table_formats import update, update_tables
from tests.transforms.table_formats.published_runs import Reader, list_run, row_of, write_file, write_run


def expected(*runs: tuple[str, list[str]]) -> list[tuple[str, str]]:
    return sorted((recording, run) for run, recordings in runs for recording in recordings)


def test_a_run_is_one_snapshot_of_each_table(output: Path, tables: Reader) -> None:
    write_run(output, "first", ["a", "b"])
    update_tables(str(output), "first")
    write_run(output, "second", ["c"])
    update_tables(str(output), "second")
    for table in SCHEMAS:
        assert tables.recordings(table) == expected(("first", ["a", "b"]), ("second", ["c"]))
        assert tables.runs_of_snapshots(table) == ["first", "second"]


def test_repeating_an_update_changes_nothing(output: Path, tables: Reader) -> None:
    write_run(output, "first", ["a"])
    update_tables(str(output), "first")
    before = tables.versions()
    update_tables(str(output), "first")
    update_tables(str(output), "again")
    assert tables.versions() == before
    assert tables.recordings() == [("a", "first")]


def test_a_file_without_rows_is_registered_once(output: Path, tables: Reader) -> None:
    write_run(output, "run", [])
    update_tables(str(output), "run")
    update_tables(str(output), "again")
    assert tables.runs_of_snapshots() == ["run"]
    assert tables.recordings() == []


def test_every_value_is_read_as_it_was_written(output: Path, tables: Reader) -> None:
    write_run(output, "run", ["a"])
    update_tables(str(output), "run")
    for table, schema in SCHEMAS.items():
        (row,) = tables.arrow(table).select(schema.names).to_pylist()
        assert row == row_of(schema, "a", "run")


def test_other_engines_read_the_same(output: Path, tables: Reader) -> None:
    write_run(output, "run", ["a", "b"])
    update_tables(str(output), "run")
    if tables.kind == "delta":
        from deltalake import QueryBuilder  # noqa: PLC0415

        query = QueryBuilder().register("transcripts", tables.delta("transcripts"))  # DataFusion, without pyarrow
        read = pa.table(query.execute("SELECT recording_id, utterances FROM transcripts").read_all())
        assert sorted(read["recording_id"].to_pylist()) == ["a", "b"]
    transcripts = tables.arrow()  # noqa: F841 - DuckDB looks it up
    words = duckdb.connect().execute(
        "SELECT count(*) FROM (SELECT unnest(u.words) FROM (SELECT unnest(utterances) AS u FROM transcripts))"
    )
    assert words.fetchall() == [(8,)]


def test_a_file_of_a_killed_run_is_not_read(output: Path, tables: Reader) -> None:
    write_run(output, "killed", ["a"], ended=False)
    write_run(output, "ended", ["b"])
    update_tables(str(output), "ended")
    assert tables.recordings() == [("b", "ended")]
    assert set(tables.recordings("findings")) == {("b", "ended")}


def test_a_run_that_is_listed_but_has_no_summary_is_not_read(output: Path, tables: Reader) -> None:
    write_run(output, "killed", ["a"])
    (output / "runs" / "killed" / "summary.json").unlink()
    write_run(output, "ended", ["b"])
    update_tables(str(output), "ended")
    assert tables.recordings() == [("b", "ended")]


def test_what_an_earlier_run_could_not_register_is_registered_by_the_next(output: Path, tables: Reader) -> None:
    write_run(output, "first", ["a"])
    write_run(output, "second", ["b"])
    update_tables(str(output), "second")
    assert tables.recordings() == expected(("first", ["a"]), ("second", ["b"]))
    assert tables.runs_of_snapshots() == ["second"]


def test_a_new_column_is_added_and_empty_in_older_rows(
    output: Path, tables: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(output, "old", ["a"])
    update_tables(str(output), "old")
    names = write_run(output, "new", ["b"], ended=False)
    inner = pa.struct([pa.field("at", pa.timestamp("us", tz="UTC")), pa.field("texts", pa.list_(pa.string()))])
    value = {"at": datetime(2026, 1, 2, tzinfo=UTC), "texts": ["x"]}
    write_file(output, names[0], ["b"], "new", {"judgement": (inner, value)})
    list_run(output, "new", names)
    schema = SCHEMAS["transcripts"].append(pa.field("judgement", inner))
    monkeypatch.setitem(SCHEMAS, "transcripts", schema)
    update_tables(str(output), "new")
    assert {row["recording_id"]: row["judgement"] for row in tables.arrow().to_pylist()} == {"a": None, "b": value}
    assert tables.runs_of_snapshots() == ["old", "new"]


def test_a_new_field_inside_a_list_is_added_and_empty_in_older_rows(output: Path, tables: Reader) -> None:
    def write(run_id: str, kind: pa.DataType, value: Any) -> None:
        names = write_run(output, run_id, [run_id], ended=False)
        write_file(output, names[0], [run_id], run_id, {"turns": (kind, value)})
        list_run(output, run_id, names)
        update_tables(str(output), run_id)

    narrow = pa.list_(pa.struct([pa.field("n", pa.int32())]))
    wide = pa.list_(pa.struct([pa.field("n", pa.int32()), pa.field("mood", pa.string())]))
    write("old", narrow, [{"n": 1}])
    write("new", wide, [{"n": 2, "mood": "calm"}])
    read = {row["recording_id"]: row["turns"] for row in tables.arrow().to_pylist()}
    assert read == {"old": [{"n": 1, "mood": None}], "new": [{"n": 2, "mood": "calm"}]}


def test_older_code_registers_files_in_a_table_that_has_more_columns(output: Path, tables: Reader) -> None:
    names = write_run(output, "newer", ["b"], ended=False)
    write_file(output, names[0], ["b"], "newer", {"mood": (pa.string(), "calm")})
    list_run(output, "newer", names)
    update_tables(str(output), "newer")
    write_run(output, "older", ["a"])
    update_tables(str(output), "older")
    assert {row["recording_id"]: row["mood"] for row in tables.arrow().to_pylist()} == {"a": None, "b": "calm"}


@pytest.fixture
def folders(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists what lies in folders by date, however file lists name it."""

    def published(_root: str) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for path in output.glob("*/run_date=*/*.parquet"):
            name = str(path.relative_to(output))
            found.setdefault(name.partition("/")[0], {})[name] = path.stat().st_size
        return found

    monkeypatch.setattr(update, "published_files", published)


@pytest.mark.usefixtures("folders")
def test_the_partition_comes_from_the_folder(output: Path, tables: Reader) -> None:
    write_file(output, "transcripts/run_date=2026-11-28/one-0000.parquet", ["a"], "one")
    update_tables(str(output), "one")
    write_file(output, "transcripts/run_date=2026-11-29/two-0000.parquet", ["b"], "two")
    write_file(output, "transcripts/run_date=2026-11-28/two-0000.parquet", ["c"], "two")
    update_tables(str(output), "two")
    read = {row["recording_id"]: row["run_date"] for row in tables.arrow().to_pylist()}
    assert read == {"a": date(2026, 11, 28), "b": date(2026, 11, 29), "c": date(2026, 11, 28)}


@pytest.mark.usefixtures("folders")
def test_a_query_for_one_night_opens_the_files_of_that_night_alone(output: Path, tables: Reader) -> None:
    for day in (27, 28, 29):
        write_file(output, f"transcripts/run_date=2026-11-{day}/run-0000.parquet", [f"call-{day}"], "run")
    update_tables(str(output), "run")
    for day in (27, 29):
        (output / f"transcripts/run_date=2026-11-{day}/run-0000.parquet").unlink()  # reading them would fail
    if tables.kind == "iceberg":
        read = tables.iceberg("transcripts").scan(row_filter="run_date = '2026-11-28'").to_arrow()
    else:
        read = tables.delta("transcripts").to_pyarrow_table(filters=[("run_date", "=", date(2026, 11, 28))])
    assert read["recording_id"].to_pylist() == ["call-28"]


def test_a_table_that_has_no_files_at_first_is_partitioned_too(output: Path, tables: Reader) -> None:
    write_run(output, "first", ["a"], tables=["transcripts", "findings"])
    update_tables(str(output), "first")
    write_run(output, "second", ["b"])
    update_tables(str(output), "second")
    (row,) = tables.arrow("errors").to_pylist()
    assert (row["recording_id"], row["run_date"]) == ("b", date(2026, 11, 29))


def test_files_that_were_erased_cannot_be_read_by_time_travel(output: Path, tables: Reader) -> None:
    write_run(output, "first", ["a", "gone-4711"])
    update_tables(str(output), "first")
    write_run(output, "second", ["b"])
    update_tables(str(output), "second")
    earlier = tables.versions()
    assert {name for name, _ in tables.recordings()} == {"a", "b", "gone-4711"}
    # What `erase` leaves: files under new names, and the old ones gone.
    names = [f"{table}/run_date=2026-11-29/first-0001.parquet" for table in SCHEMAS]
    for name in names:
        write_file(output, name, ["a"], "first")
    for table in SCHEMAS:
        (output / table / "run_date=2026-11-29/first-0000.parquet").unlink()
    list_run(output, "first", names)
    update_tables(str(output), "erase", forget=True)
    for table in SCHEMAS:
        assert tables.recordings(table) == expected(("first", ["a"]), ("second", ["b"]))
        assert len(tables.versions(table)) == 1
    for version in earlier:
        with pytest.raises(Exception, match=r"."):  # the libraries have an error each
            tables.arrow_at(version)
    log = [path for path in output.parent.rglob("*") if path.is_file() and path.name.endswith((".json", ".avro"))]
    assert not [path for path in log if b"gone-4711" in path.read_bytes()]


def test_rows_that_somebody_else_copied_into_new_files_are_forgotten_too(output: Path, tables: Reader) -> None:
    write_run(output, "first", ["a"])
    update_tables(str(output), "first")
    write_run(output, "second", ["erased"])
    update_tables(str(output), "second")
    if tables.kind == "delta":
        tables.delta("transcripts").optimize.compact()
    else:
        table = tables.iceberg("transcripts")
        table.overwrite(table.scan().to_arrow())
        table.manage_snapshots().create_tag(table.current_snapshot().snapshot_id, "kept").commit()
    for name in ("transcripts", "findings", "errors", "notifications"):
        (output / name / "run_date=2026-11-29/second-0000.parquet").unlink()
    list_run(output, "second", [])
    update_tables(str(output), "erase", forget=True)
    assert tables.recordings() == [("a", "first")]
    files = [path for path in output.parent.rglob("*.parquet") if "_delta_log" not in path.parts]
    held = {str(path): pq.read_table(path, partitioning=None)["recording_id"].to_pylist() for path in files}
    assert not [path for path, ids in held.items() if "erased" in ids]
    assert len(tables.versions()) == 1


def test_an_erasure_that_was_killed_before_it_forgot_is_completed_by_repeating_it(output: Path, tables: Reader) -> None:
    write_run(output, "first", ["a"])
    update_tables(str(output), "first")
    write_run(output, "second", ["b"])
    update_tables(str(output), "second")
    assert len(tables.versions()) > 1
    update_tables(str(output), "erase", forget=True)
    assert len(tables.versions()) == 1
    assert tables.recordings() == expected(("first", ["a"]), ("second", ["b"]))


def test_a_table_can_be_changed_again_after_it_was_forgotten(output: Path, tables: Reader) -> None:
    write_run(output, "first", ["a"])
    update_tables(str(output), "first")
    update_tables(str(output), "erase", forget=True)
    write_run(output, "second", ["b"])
    update_tables(str(output), "second")
    update_tables(str(output), "erase", forget=True)
    write_run(output, "third", ["c"])
    update_tables(str(output), "third")
    assert tables.recordings() == expected(("first", ["a"]), ("second", ["b"]), ("third", ["c"]))


def test_a_damaged_list_of_files_takes_no_rows_out(output: Path, tables: Reader) -> None:
    write_run(output, "first", ["a"])
    update_tables(str(output), "first")
    (output / "runs" / "first" / "files.json").write_text("{")
    write_run(output, "second", ["b"])
    with pytest.raises(RunError, match=r"runs/first/files\.json in the output is missing or damaged"):
        update_tables(str(output), "second")
    assert tables.recordings() == [("a", "first")]


def test_a_damaged_table_file_is_named(output: Path, tables: Reader) -> None:
    names = write_run(output, "run", ["a"])
    (output / names[0]).write_bytes(b"PAR1 no table")
    with pytest.raises(RunError, match=r"transcripts/run_date=2026-11-29/run-0000\.parquet in the output is damaged"):
        update_tables(str(output), "run")


def test_a_table_that_another_writer_changes_at_the_same_time_is_compared_again(
    output: Path, tables: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(output, "first", ["a"])
    update_tables(str(output), "first")
    write_run(output, "second", ["b"])
    change, done = update._change, []

    def late(*arguments: Any) -> bool:
        if not done:
            done.append(True)
            kept = recorded_format(str(output))
            assert kept is not None
            table = update._tables(str(output), kept)
            stale = table.open("transcripts", SCHEMAS["transcripts"])
            change(*arguments)  # somebody else is faster
            name = "transcripts/run_date=2026-11-29/second-0000.parquet"
            stale.change({name: (output / name).stat().st_size}, {}, SCHEMAS["transcripts"], "late")
        return change(*arguments)

    monkeypatch.setattr(update, "_change", late)
    update_tables(str(output), "second")
    assert tables.recordings() == expected(("first", ["a"]), ("second", ["b"]))
