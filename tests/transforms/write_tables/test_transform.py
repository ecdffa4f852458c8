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

from hushbeam.transforms.archive.tables import parquet
from hushbeam.transforms.write_tables import WriteTable

SCHEMA = pa.schema([pa.field("recording_id", pa.string(), nullable=False), pa.field("n", pa.int32())])
MANY_BUNDLES = ["--direct_num_workers=4", "--direct_running_mode=multi_threading"]


def write(
    output: Path, run_id: str, rows: dict[str, int], *, shards: int = 1, options: list[str] | None = None
) -> None:
    pairs = [(name, json.dumps({"recording_id": name, "n": n})) for name, n in rows.items()]
    with TestPipeline("FnApiRunner", options=PipelineOptions(options or [])) as pipeline:
        _ = pipeline | beam.Create(pairs) | WriteTable("things", SCHEMA, str(output), run_id, shards)


def read(output: Path) -> dict[str, int]:
    rows = ds.dataset(output / "things", format="parquet").to_table().to_pylist()
    assert len(rows) == len({row["recording_id"] for row in rows})
    return {row["recording_id"]: row["n"] for row in rows}


ROWS = {f"call-{n}": n for n in range(20)}


@pytest.mark.parametrize("options", [[], MANY_BUNDLES, ["--direct_runner_bundle_repeat=2"]])
@pytest.mark.parametrize("shards", [1, 3])
def test_every_row_is_there_once(tmp_path: Path, shards: int, options: list[str]) -> None:
    write(tmp_path, "run", ROWS, shards=shards, options=options)
    assert read(tmp_path) == ROWS
    assert len(list((tmp_path / "things").iterdir())) == shards


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    write(tmp_path / "one", "run", ROWS)
    write(tmp_path / "other", "run", dict(reversed(ROWS.items())), options=MANY_BUNDLES)
    (one,) = (tmp_path / "one/things").iterdir()
    (other,) = (tmp_path / "other/things").iterdir()
    assert one.name == other.name
    assert one.read_bytes() == other.read_bytes()


def test_a_run_that_is_repeated_overwrites_its_own_files(tmp_path: Path) -> None:
    write(tmp_path, "run", ROWS)
    write(tmp_path, "run", {"call-1": 100})
    assert read(tmp_path) == {"call-1": 100}


def test_without_rows_there_is_an_empty_table(tmp_path: Path) -> None:
    write(tmp_path, "run", {}, shards=3)
    assert read(tmp_path) == {}


def test_more_rows_than_are_sorted_at_once_are_sorted_and_written_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {f"call-{n % 500:03}\n": n % 500 for n in range(500)}
    rows = [(name, json.dumps({"recording_id": name, "n": n})) for name, n in few.items()]
    assert parquet.write_shard(str(tmp_path / "at-once.parquet"), SCHEMA, rows)[0] == 500
    monkeypatch.setattr(parquet, "_SORTED_AT_ONCE_BYTES", 1000)
    assert parquet.write_shard(str(tmp_path / "in-parts.parquet"), SCHEMA, rows[::-1] + rows)[0] == 500
    assert (tmp_path / "in-parts.parquet").read_bytes() == (tmp_path / "at-once.parquet").read_bytes()
    assert pq.read_table(tmp_path / "in-parts.parquet")["n"].to_pylist() == sorted(few.values())
