"""ReadTable: the rows of a table in an output root."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq

from hushbeam.schemas.tables import SCHEMA_VERSION, version_of
from hushbeam.transforms.archive.tables.layout import is_hidden, outdated, run_of
from hushbeam.transforms.archive.tables.parquet import Row, json_of
from hushbeam.transforms.base.temporary_files import TemporaryFolder
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import MissingFileError, StorageError
from hushbeam.transforms.storage.urls import join

_ROWS_AT_ONCE = 256
_log = logging.getLogger(__name__)


class DamagedTableError(StorageError):
    """A table file cannot be read. The message has its name: a run's id and a number, nothing of a recording."""

    remedy = "Restore the file from a copy, or delete it."

    def __init__(self, url: str) -> None:
        name = "/".join(url.rsplit("/", 3)[1:])
        super().__init__(
            f"{name} in the output is damaged: restore it from a copy, or delete it; hushbeam audit shows details"
        )


class ReadTable(beam.PTransform):
    """All rows of `OUTPUT/TABLE/`, of all runs, by recording. Takes output roots.

    A file that cannot be read is logged and skipped.
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
    """The locations of a table's files, of each the newest version."""
    return [join(output, table, name) for name in _names(output, table)]


def run_files(output: str, table: str, run_id: str) -> list[str]:
    """The locations of the files of a table that one run wrote."""
    return [join(output, table, name) for name in _names(output, table) if run_of(name) == run_id]


def _names(output: str, table: str) -> list[str]:
    names = [
        name for name in files.list_names(join(output, table)) if name.endswith(".parquet") and not is_hidden(name)
    ]
    older = outdated(names)
    return [name for name in names if name not in older]


def read_rows(url: str, columns: Sequence[str]) -> Iterator[Row]:
    """The rows of a table file, as (recording id, JSON). A column that is younger than the file is null.

    Raises:
      DamagedTableError: The file cannot be read, or lacks one of the columns.
    """
    with TemporaryFolder() as folder, open_table(url, Path(folder)) as table:
        known = [column for column in columns if column in table.schema_arrow.names]
        added = dict.fromkeys(column for column in columns if column not in known)
        version = version_of(table.schema_arrow)
        if "recording_id" not in known or (added and (version is None or version >= SCHEMA_VERSION)):
            raise DamagedTableError(url)
        for batch in table.iter_batches(batch_size=_ROWS_AT_ONCE, columns=known):
            for row in batch.to_pylist():
                yield row["recording_id"], json_of(row | added)


def _readable_rows(url: str, columns: Sequence[str]) -> Iterator[Row]:
    try:
        yield from read_rows(url, columns)
    except DamagedTableError as error:
        _log.warning("%s", error)


@contextmanager
def open_table(url: str, folder: Path, path: Path | None = None) -> Iterator[pq.ParquetFile]:
    """A context manager for reading a table file.

    Args:
      folder: For a local copy, which the caller removes.
      path: Of the copy, if there is one already.

    Raises:
      DamagedTableError: The file cannot be read, on entry or in the block.
    """
    try:
        path = files.fetch(url, folder, None) if path is None else path
    except MissingFileError:
        raise
    except StorageError as error:
        if error.retryable:
            raise
        raise DamagedTableError(url) from None  # a named pipe, or a file that this user may not read
    with damage_named(url), pq.ParquetFile(path) as table:
        yield table


@contextmanager
def damage_named(url: str) -> Iterator[None]:
    """Turns Arrow's exceptions about a table file into `DamagedTableError`."""
    try:
        yield
    except (pa.ArrowException, UnicodeDecodeError):
        raise DamagedTableError(url) from None
    except OSError as error:
        # Arrow's own errors have no errno. Errors with an errno come from the disk, and may be temporary.
        if error.errno is not None and not isinstance(error, PermissionError):
            raise
        raise DamagedTableError(url) from None
