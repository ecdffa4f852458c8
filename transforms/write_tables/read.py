"""ReadTable: the rows of a table that runs have written, for jobs that look after an archive."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

import apache_beam as beam
import pyarrow.parquet as pq

from transforms.storage import files
from transforms.storage.urls import join
from transforms.temporary_files import TemporaryFolder
from transforms.write_tables.transform import Row

_ROWS_AT_ONCE = 256
_FILE = re.compile(r"(?P<run_id>[^/]+)-[0-9]{4,}\.parquet")


class ReadTable(beam.PTransform):
    """All rows of `OUTPUT/TABLE/`, of all runs, by recording. Takes output roots."""

    def __init__(self, table: str, columns: Sequence[str]) -> None:
        super().__init__(f"Read {table}")
        self._table = table
        self._columns = tuple(columns)

    def expand(self, output: beam.PCollection[str]) -> beam.PCollection[Row]:
        return (
            output
            | "Files" >> beam.FlatMap(table_files, self._table).with_output_types(str)
            | "Each by itself" >> beam.Reshuffle()
            | "Rows" >> beam.FlatMap(read_rows, self._columns).with_output_types(Row)
        )


def table_files(output: str, table: str) -> list[str]:
    """The files of a table."""
    folder = join(output, table)
    return [join(folder, name) for name in files.list_names(folder) if name.endswith(".parquet")]


def run_of(name: str) -> str | None:
    """The run that wrote the file of this name; None where none did."""
    match = _FILE.fullmatch(name)
    return match["run_id"] if match else None


def read_rows(url: str, columns: Sequence[str]) -> Iterator[Row]:
    """The rows of a table's file, as recording and JSON."""
    with TemporaryFolder() as folder, pq.ParquetFile(files.fetch(url, folder, None)) as table:
        for batch in table.iter_batches(batch_size=_ROWS_AT_ONCE, columns=list(columns)):
            for row in batch.to_pylist():
                yield row["recording_id"], json.dumps(row)
