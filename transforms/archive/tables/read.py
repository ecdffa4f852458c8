"""ReadTable: the rows of a table that runs have written, for jobs that look after an archive."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq

from hushbeam.transforms.archive.tables.parquet import Row
from hushbeam.transforms.base.temporary_files import TemporaryFolder
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import MissingFileError, StorageError
from hushbeam.transforms.storage.urls import join

_ROWS_AT_ONCE = 256
_log = logging.getLogger(__name__)
_FILE = re.compile(r"(?P<run_id>[^/]+)-[0-9]{4,}\.parquet")


class DamagedTableError(StorageError):
    """A file of a table cannot be read. Names it: a run's id and a number, nothing of a recording's."""

    def __init__(self, url: str) -> None:
        name = "/".join(url.rsplit("/", 2)[1:])
        super().__init__(f"{name} in the output is damaged: put it back as it was, or delete it; an audit says more")


class ReadTable(beam.PTransform):
    """All rows of `OUTPUT/TABLE/`, of all runs, by recording. Takes output roots.

    A file that cannot be read is named in the log and passed over.
    """

    def __init__(self, table: str, columns: Sequence[str]) -> None:
        super().__init__(f"Read {table}")
        self._table = table
        self._columns = tuple(columns)

    def expand(self, output: beam.PCollection[str]) -> beam.PCollection[Row]:
        return (
            output
            | "Files" >> beam.FlatMap(table_files, self._table).with_output_types(str)
            | "Each by itself" >> beam.Reshuffle()
            | "Rows" >> beam.FlatMap(_readable_rows, self._columns).with_output_types(Row)
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
    """The rows of a table's file, as recording and JSON.

    Raises:
      DamagedTableError: It cannot be read, or lacks one of the columns.
    """
    with TemporaryFolder() as folder, open_table(url, Path(folder)) as table:
        if not set(columns) <= set(table.schema_arrow.names):
            raise DamagedTableError(url)
        for batch in table.iter_batches(batch_size=_ROWS_AT_ONCE, columns=list(columns)):
            for row in batch.to_pylist():
                yield row["recording_id"], json.dumps(row)


def _readable_rows(url: str, columns: Sequence[str]) -> Iterator[Row]:
    try:
        yield from read_rows(url, columns)
    except DamagedTableError as error:
        _log.warning("%s", error)


@contextmanager
def open_table(url: str, folder: Path, path: Path | None = None) -> Iterator[pq.ParquetFile]:
    """A file of a table, to be read within the `with` block.

    Args:
      folder: For a local copy, which the caller removes.
      path: Of the copy, where there is one already.

    Raises:
      DamagedTableError: It cannot be read, here or in the block.
    """
    try:
        path = files.fetch(url, folder, None) if path is None else path
    except MissingFileError:
        raise
    except StorageError as error:
        if error.retryable:
            raise
        raise DamagedTableError(url) from None  # a named pipe, or what this user may not read
    with damage_named(url), pq.ParquetFile(path) as table:
        yield table


@contextmanager
def damage_named(url: str) -> Iterator[None]:
    """Turns what Arrow says of a file of a table that it cannot read into a `DamagedTableError`."""
    try:
        yield
    except (pa.ArrowException, UnicodeDecodeError):
        raise DamagedTableError(url) from None
    except OSError as error:
        # What Arrow cannot read has no number. Others are the disk's, which may do better next time.
        if error.errno is not None and not isinstance(error, PermissionError):
            raise
        raise DamagedTableError(url) from None
