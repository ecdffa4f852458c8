"""WriteTable: Parquet sink with deterministic file names, which a retried bundle overwrites and never doubles.

Beam's own `WriteToParquet` moves temporary files from a folder beside the target. A killed run leaves them there, and
readers of the folder count their rows. Here the name and content of a file depend only on the run and the rows, and
each file is written atomically.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import apache_beam as beam
import pyarrow as pa
from apache_beam.metrics import Metrics

from hushbeam.schemas.coders import CompressedCoder
from hushbeam.transforms.archive.tables.file_entry import FileEntry
from hushbeam.transforms.archive.tables.parquet import Row, write_shard
from hushbeam.transforms.base.each_recording import METRICS_NAMESPACE
from hushbeam.transforms.storage.urls import join

WrittenFile = tuple[str, FileEntry]
"""The name of a table file, relative to the output root, and its entry in the list of its run."""

_PACKED = CompressedCoder()
"""Compresses rows for the shuffle: runners send whole tables, and some keep them until the job ends."""

_NO_ROW = b""


class WriteTable(beam.PTransform):
    """Writes rows to `OUTPUT/TABLE/RUN_ID-SHARD.parquet` and gives each written file.

    One worker sorts each shard, in bounded memory. Every run has a shard 0, so that a run without errors has an empty
    table of errors and not a missing one.
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
        # Not the built-in hash, which differs between processes.
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
                tuple[str, FileEntry]
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
        number, entry = write_shard(join(self._output, name), self._schema, unpacked)
        self._rows.inc(number)
        yield name, entry
