"""WriteTable: one run's rows of one table, as Parquet files that a rerun or a retried bundle overwrites, never doubles.

Beam's own `WriteToParquet` moves temporary files from a folder beside the target; a run that is killed leaves them
there, where a reader of the folder counts their rows. Here a file's name and content follow from the run and the rows
alone, and it appears whole or not at all.
"""

from __future__ import annotations

import hashlib
import heapq
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.metrics import Metrics

from hushbeam.schemas.coders import CompressedCoder
from hushbeam.transforms.each_recording import METRICS_NAMESPACE
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.file_systems import storage_errors
from hushbeam.transforms.storage.urls import join
from hushbeam.transforms.temporary_files import TemporaryFolder

_ROWS_IN_A_GROUP = 2_000
_SORTED_AT_ONCE_BYTES = 64 << 20


class WrittenFile(NamedTuple):
    """A file of a table, as its worker wrote it.

    Attributes:
      name: In the output root.
      size_bytes, sha256: Of the file.
    """

    name: str
    size_bytes: int
    sha256: str


Row = tuple[str, str]
"""The key that a row is sorted and sharded by (the recording's id), and the row as JSON."""

_PACKED = CompressedCoder()
"""Of rows on their way to their shards: runners send whole tables there, and some keep them until the job is over."""

_NO_ROW = b""


class WriteTable(beam.PTransform):
    """Writes rows to `OUTPUT/TABLE/RUN_ID-SHARD.parquet` and tells of each file.

    Each shard is sorted by one worker, in bounded memory; the number of shards is the operator's choice.
    Shard 0 exists in every run: a night without errors has an empty table of errors, not a missing one.
    """

    def __init__(self, table: str, schema: pa.Schema, output: str, run_id: str, shards: int) -> None:
        super().__init__(f"Write {table}")
        self._table = table
        self._schema = schema
        self._output = output
        self._run_id = run_id
        self._shards = shards

    def expand(self, rows: beam.PCollection[Row]) -> beam.PCollection[WrittenFile]:
        shards = self._shards
        # Not the built-in hash: it differs from process to process.
        keyed = rows | "By shard" >> beam.Map(
            lambda row: (zlib.crc32(row[0].encode()) % shards, _PACKED.encode(row))
        ).with_output_types(tuple[int, bytes])
        always = rows.pipeline | "First shard" >> beam.Create([(0, _NO_ROW)])
        return (
            (keyed, always)
            | "Also when empty" >> beam.Flatten().with_output_types(tuple[int, bytes])
            | "Gather" >> beam.GroupByKey()
            | "Write"
            >> beam.ParDo(_WriteShardFn(self._table, self._schema, self._output, self._run_id)).with_output_types(
                WrittenFile
            )
        )


class _WriteShardFn(beam.DoFn):
    def __init__(self, table: str, schema: pa.Schema, output: str, run_id: str) -> None:
        self._table = table
        self._schema = schema
        self._output = output
        self._run_id = run_id
        self._rows = Metrics.counter(METRICS_NAMESPACE, f"WriteTables.{table}")

    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterable[WrittenFile]:
        shard, rows = element
        name = f"{self._table}/{self._run_id}-{shard:04d}.parquet"
        unpacked = (_PACKED.decode(row) for row in rows if row != _NO_ROW)
        number, size_bytes, sha256 = write_shard(join(self._output, name), self._schema, unpacked)
        self._rows.inc(number)
        yield WrittenFile(name, size_bytes, sha256)


def write_shard(url: str, schema: pa.Schema, rows: Iterable[Row]) -> tuple[int, int, str]:
    """Writes rows as one Parquet file, in the order of their keys.

    Equal rows are written once: a bundle that ran twice may have handed them in twice. What is more than fits into
    memory waits, sorted, in files on the local disk, which are merged.

    Returns:
      How many rows, and the size and the SHA-256 of the file.

    Raises:
      pa.ArrowInvalid: A row does not fit the schema: a defect.
      StorageError: The local disk is full, or the store fails.
    """
    with ExitStack() as stack:
        spilling = cache(lambda: Path(stack.enter_context(TemporaryFolder())))
        runs = list(_sorted_runs(rows, spilling))
        counted = _Counted(_once_each(heapq.merge(*runs)))
        if len(runs) == 1:  # a disk that is full then does not matter
            sink = pa.BufferOutputStream()
            write_parquet(sink, schema, counted)
            content = sink.getvalue().to_pybytes()
            files.write_bytes(url, content)
            return counted.number, len(content), hashlib.sha256(content).hexdigest()
        path = spilling() / "shard.parquet"
        with storage_errors(str(path), "write"):
            write_parquet(path, schema, counted)
        files.upload_file(str(path), url)
        with path.open("rb") as file:
            return counted.number, path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def _sorted_runs(rows: Iterable[Row], folder: Callable[[], Path]) -> Iterator[Iterable[Row]]:
    """Runs of sorted rows; all but the last are on the disk, in a folder that is made when it is first needed."""
    waiting: set[Row] = set()
    waiting_bytes = number = 0
    for row in rows:
        waiting.add(row)
        waiting_bytes += len(row[0]) + len(row[1])
        if waiting_bytes >= _SORTED_AT_ONCE_BYTES:
            path = folder() / f"sorted-{number}"
            with storage_errors(str(path), "write"), path.open("w", encoding="ascii") as run:
                run.writelines(f"{json.dumps(row)}\n" for row in sorted(waiting))
            yield _read_run(path)
            waiting, waiting_bytes, number = set(), 0, number + 1
    yield sorted(waiting)


def _read_run(path: Path) -> Iterator[Row]:
    with path.open(encoding="ascii") as run:
        for line in run:
            key, row = json.loads(line)
            yield key, row


def _once_each(rows: Iterable[Row]) -> Iterator[str]:
    before: Row | None = None
    for row in rows:
        if row != before:
            yield row[1]
        before = row


class _Counted:
    def __init__(self, rows: Iterable[str]) -> None:
        self._rows = rows
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        for row in self._rows:
            self.number += 1
            yield row


def write_parquet(target: Path | pa.BufferOutputStream, schema: pa.Schema, rows: Iterable[str]) -> None:
    """Writes JSON rows in groups, with settings that make equal rows equal bytes.

    Raises:
      pa.ArrowInvalid: A row does not fit the schema: a defect.
    """
    with pq.ParquetWriter(target, schema, compression="zstd", version="2.6") as writer:
        for group in _in_groups(rows):
            writer.write_table(as_table(group, schema))


def _in_groups(rows: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(rows)
    while group := list(islice(remaining, _ROWS_IN_A_GROUP)):
        yield group


def as_table(rows: Iterable[str], schema: pa.Schema) -> pa.Table:
    """JSON rows as Arrow has them. JSON has no tuples, which Arrow wants for the entries of a map.

    Raises:
      pa.ArrowInvalid: A row does not fit the schema: a defect.
    """
    maps = [field.name for field in schema if pa.types.is_map(field.type)]
    parsed = [json.loads(row) for row in rows]
    for row in parsed:
        row.update({name: [tuple(entry) for entry in row[name]] for name in maps})
    return pa.Table.from_pylist(parsed, schema=schema)
