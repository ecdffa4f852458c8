"""WriteTable: one run's rows of one table, as Parquet files that a rerun or a retried bundle overwrites, never doubles.

Beam's own `WriteToParquet` moves temporary files from a folder beside the target; a run that is killed leaves them
there, where a reader of the folder counts their rows. Here a file's name and content follow from the run and the rows
alone, and it appears whole or not at all.
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
"""A file of a table: its name in the output root, and its entry in the list of its run."""

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
