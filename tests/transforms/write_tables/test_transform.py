"""Tables of a run, written by a real runner."""

from __future__ import annotations

import json
from pathlib import Path

import apache_beam as beam
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.testing.test_pipeline import TestPipeline

from hushbeam.schemas.tables import processed_at
from hushbeam.transforms.archive.tables import parquet
from hushbeam.transforms.write_tables import WriteTables, transform

SCHEMA = pa.schema([pa.field("recording_id", pa.string(), nullable=False), pa.field("n", pa.int32()), processed_at()])
START = "2026-11-29T02:00:00.123456+00:00"
DATE = "run_date=2026-11-29"
MANY_BUNDLES = ["--direct_num_workers=4", "--direct_running_mode=multi_threading"]


def write(
    output: Path,
    run_id: str,
    rows: dict[str, int],
    *,
    shards: int | None = None,
    options: list[str] | None = None,
    started: str = START,
) -> None:
    pairs = [(name, row(name, n, started)) for name, n in rows.items()]
    with TestPipeline("FnApiRunner", options=PipelineOptions(options or [])) as pipeline:
        _ = {"things": pipeline | beam.Create(pairs)} | WriteTables(
            {"things": SCHEMA}, str(output), run_id, processed_at=START, shards=shards
        )


def row(name: str, n: int, started: str = START) -> str:
    return json.dumps({"recording_id": name, "n": n, "processed_at": started})


def names(output: Path) -> list[str]:
    return sorted(path.relative_to(output / "things").as_posix() for path in output.rglob("*.parquet"))


def read(output: Path) -> dict[str, int]:
    rows = ds.dataset(output / "things", format="parquet").to_table().to_pylist()
    assert len(rows) == len({row["recording_id"] for row in rows})
    return {row["recording_id"]: row["n"] for row in rows}


ROWS = {f"call-{n}": n for n in range(20)}


@pytest.mark.parametrize("options", [[], MANY_BUNDLES, ["--direct_runner_bundle_repeat=2"]])
@pytest.mark.parametrize("shards", [None, 1, 3])
def test_every_row_is_there_once(tmp_path: Path, shards: int | None, options: list[str]) -> None:
    write(tmp_path, "run", ROWS, shards=shards, options=options)
    assert read(tmp_path) == ROWS
    assert names(tmp_path) == [f"{DATE}/run-{shard:04d}.parquet" for shard in range(shards or 1)]


def test_the_number_of_files_follows_from_the_size_of_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transform, "_BYTES_IN_A_FILE", 500)
    write(tmp_path, "run", ROWS, options=MANY_BUNDLES)
    assert read(tmp_path) == ROWS
    assert 2 <= len(names(tmp_path)) <= 5


def test_each_table_has_as_many_files_as_its_own_rows_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transform, "_BYTES_IN_A_FILE", 500)
    numbers = {"large": 20, "small": 2, "empty": 0}
    with TestPipeline("FnApiRunner") as pipeline:
        rows = {
            table: pipeline | table >> beam.Create([(name, row(name, n)) for name, n in list(ROWS.items())[:number]])
            for table, number in numbers.items()
        }
        _ = rows | WriteTables(dict.fromkeys(numbers, SCHEMA), str(tmp_path), "run", processed_at=START)
    written = {table: sorted((tmp_path / table).rglob("*.parquet")) for table in numbers}
    assert {table: ds.dataset(files).count_rows() for table, files in written.items()} == numbers
    assert len(written["large"]) > 1
    assert [path.name for table in ("small", "empty") for path in written[table]] == ["run-0000.parquet"] * 2


def test_rows_of_a_recovered_run_lie_under_their_own_date(tmp_path: Path) -> None:
    write(tmp_path, "first", {"call-0": 0})
    write(tmp_path, "run", {"call-1": 1}, started="2026-11-28T23:59:59.999999+00:00")
    assert names(tmp_path) == ["run_date=2026-11-28/run-0000.parquet", f"{DATE}/first-0000.parquet"]
    table = ds.dataset(tmp_path / "things", partitioning="hive").to_table()
    assert {(one["recording_id"], one["run_date"]) for one in table.to_pylist()} == {
        ("call-0", "2026-11-29"),
        ("call-1", "2026-11-28"),
    }


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    write(tmp_path / "one", "run", ROWS)
    write(tmp_path / "other", "run", dict(reversed(ROWS.items())), options=MANY_BUNDLES)
    (one,) = (tmp_path / "one/things").rglob("*.parquet")
    (other,) = (tmp_path / "other/things").rglob("*.parquet")
    assert one.name == other.name
    assert one.read_bytes() == other.read_bytes()


def test_a_run_that_is_repeated_overwrites_its_own_files(tmp_path: Path) -> None:
    write(tmp_path, "run", ROWS)
    write(tmp_path, "run", {"call-1": 100})
    assert read(tmp_path) == {"call-1": 100}


def test_only_the_first_file_of_a_table_may_be_empty(tmp_path: Path) -> None:
    for _ in range(2):  # a bundle that is repeated gives its file again
        write(tmp_path, "run", {}, shards=3)
        assert read(tmp_path) == {}
        assert names(tmp_path) == [f"{DATE}/run-0000.parquet"]
    write(tmp_path, "another", {}, shards=3)
    assert names(tmp_path) == [f"{DATE}/run-0000.parquet"]


def test_more_rows_than_are_sorted_at_once_are_sorted_and_written_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {f"call-{n % 500:03}\n": n % 500 for n in range(500)}
    rows = [(name, row(name, n)) for name, n in few.items()]
    assert parquet.write_shard(str(tmp_path / "at-once.parquet"), SCHEMA, rows)[0] == 500
    monkeypatch.setattr(parquet, "_SORTED_AT_ONCE_BYTES", 1000)
    assert parquet.write_shard(str(tmp_path / "in-parts.parquet"), SCHEMA, rows[::-1] + rows)[0] == 500
    assert (tmp_path / "in-parts.parquet").read_bytes() == (tmp_path / "at-once.parquet").read_bytes()
    assert pq.read_table(tmp_path / "in-parts.parquet")["n"].to_pylist() == sorted(few.values())
