"""WriteTables: Parquet sink with deterministic file names, which a retried bundle overwrites and never doubles.

Beam's own `WriteToParquet` moves temporary files from a folder beside the target. A killed run leaves them there, and
readers of the folder count their rows. Here the name and content of a file depend only on the run and the rows, and
each file is written atomically.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime

import apache_beam as beam
import pyarrow as pa
from apache_beam.metrics import Metrics

from hushbeam.schemas.coders import CompressedCoder
from hushbeam.transforms.archive.runs.parts import RunPart
from hushbeam.transforms.archive.tables.file_entry import FileEntry
from hushbeam.transforms.archive.tables.layout import TableFile, run_of
from hushbeam.transforms.archive.tables.parquet import Row, write_shard
from hushbeam.transforms.base.each_recording import METRICS_NAMESPACE
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.urls import join

WrittenFile = tuple[str, FileEntry]
"""The name of a table file, relative to the output root, and its entry in the list of its run."""

_PACKED = CompressedCoder()
"""Compresses rows for the shuffle: runners send whole tables, and some keep them until the job ends."""

_Packed = tuple[str, str, int, bytes]
"""Table, date, checksum of the recording's id, and packed row."""

_NO_ROW = b""

_BYTES_IN_A_FILE = 64 << 20
"""Of compressed rows, about as many as of Parquet. Some 6,000 calls of five minutes: readers open few files, and one
worker still writes one in seconds."""

Shard = tuple[str, str, int]
"""Table, date and number of a file."""


class WriteTables(beam.PTransform):
    """Writes the rows of each table to `OUTPUT/TABLE/run_date=DATE/RUN_ID-SHARD.parquet` and gives each written file.

    Takes the rows of the tables by their names. All tables pass through the same steps: on a local runner, each step of
    a pipeline takes some ten milliseconds, which a run of few recordings would notice.

    The number of files follows from the size of the table, not from the number of workers. One worker sorts each file,
    in bounded memory. There are no files without rows, except the first of a table in an output root: so each table
    exists, even if it is empty.

    Args:
      schemas: Of each table.
      processed_at: Start of the run, ISO 8601. Rows that it recovers from a killed run have their own.
      shards: Files of a table for each date; None to choose it by the size.
      part: The part of the run, whose files have numbers of their own.
    """

    def __init__(
        self,
        schemas: Mapping[str, pa.Schema],
        output: str,
        run_id: str,
        *,
        processed_at: str,
        shards: int | None = None,
        part: RunPart | None = None,
    ) -> None:
        super().__init__("WriteTables")
        self._schemas = dict(schemas)
        self._output = output
        self._run_id = run_id
        self._run_date = date_of(processed_at)
        self._shards = shards if part is None or shards is None else part.shards(shards)
        self._first = 0 if part is None else part.first_shard
        self._most = None if part is None else part.most_shards

    def expand(self, rows: Mapping[str, beam.PCollection[Row]]) -> beam.PCollection[WrittenFile]:
        packed = tuple(
            rows[table] | f"Pack {table}" >> beam.Map(_packed, table).with_output_types(_Packed)
            for table in self._schemas
        ) | "All rows" >> beam.Flatten().with_output_types(_Packed)
        if self._shards is None:
            shards = beam.pvalue.AsDict(
                packed
                | "Sizes" >> beam.Map(lambda row: (row[0], len(row[3]))).with_output_types(tuple[str, int])
                | "Size" >> beam.CombinePerKey(sum)
                | "Number of files" >> beam.Map(_files_for, self._most).with_output_types(tuple[str, int])
            )
        else:
            shards = dict.fromkeys(self._schemas, self._shards)
        keyed = packed | "By file" >> beam.Map(_by_shard, shards, self._first).with_output_types(tuple[Shard, bytes])
        has_first = [] if self._first else [((table, self._run_date, 0), _NO_ROW) for table in self._schemas]
        first = keyed.pipeline | "First files" >> beam.Create(has_first).with_output_types(tuple[Shard, bytes])
        return (
            (keyed, first)
            | "Also when empty" >> beam.Flatten().with_output_types(tuple[Shard, bytes])
            | "Gather" >> beam.GroupByKey()
            | "Write" >> beam.ParDo(_WriteShardFn(self._schemas, self._output, self._run_id))
        )


def date_of(processed_at: str) -> str:
    """The partition of rows of a run that started at this time, ISO 8601 in UTC."""
    return datetime.fromisoformat(processed_at).date().isoformat()


def _packed(row: Row, table: str) -> _Packed:
    # Not the built-in hash, which differs between processes.
    return table, date_of(json.loads(row[1])["processed_at"]), zlib.crc32(row[0].encode()), _PACKED.encode(row)


def _by_shard(packed: _Packed, shards: Mapping[str, int], first: int) -> tuple[Shard, bytes]:
    table, date, checksum, row = packed
    return (table, date, first + checksum % shards[table]), row


def _files_for(sized: tuple[str, int], most: int | None) -> tuple[str, int]:
    table, size_bytes = sized
    number = -(-size_bytes // _BYTES_IN_A_FILE)
    return table, number if most is None else min(number, most)


class _WriteShardFn(beam.DoFn):
    def __init__(self, schemas: Mapping[str, pa.Schema], output: str, run_id: str) -> None:
        self._schemas = schemas
        self._output = output
        self._run_id = run_id
        self._rows = {table: Metrics.counter(METRICS_NAMESPACE, f"WriteTables.{table}") for table in schemas}

    def process(self, element: tuple[Shard, Iterable[bytes]]) -> Iterable[WrittenFile]:
        (table, date, shard), rows = element
        if all(row == _NO_ROW for row in rows) and self._is_there(table):
            return
        name = f"{table}/{TableFile(date, self._run_id, shard).name}"
        unpacked = (_PACKED.decode(row) for row in rows if row != _NO_ROW)
        number, entry = write_shard(join(self._output, name), self._schemas[table], unpacked)
        self._rows[table].inc(number)
        yield name, entry

    def _is_there(self, table: str) -> bool:
        """Whether another run wrote a file of this table. An earlier attempt of this bundle does not count."""
        names = (file.name for file in files.iterate_files(join(self._output, table)))
        return any(run_of(name) not in (None, self._run_id) for name in names)
