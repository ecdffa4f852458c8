"""Parquet files with sorted rows, written so that equal rows give equal bytes."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hushbeam.transforms.archive.tables.file_entry import FileEntry
from hushbeam.transforms.base.temporary_files import TemporaryFolder
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.file_systems import storage_errors

Row = tuple[str, str]
"""The recording's id, by which rows are sorted and sharded, and the row as JSON."""

_ROWS_IN_A_GROUP = 2_000
_SORTED_AT_ONCE_BYTES = 64 << 20


def write_shard(url: str, schema: pa.Schema, rows: Iterable[Row]) -> tuple[int, FileEntry]:
    """Writes rows as one Parquet file, in the order of their keys.

    Equal rows are written once: a repeated bundle may give them twice. Rows that do not fit into memory go to sorted
    files on the local disk, which are merged.

    Returns:
      The number of rows, and the file's entry in the list of its run.

    Raises:
      pa.ArrowInvalid: A row does not fit the schema: a defect.
      StorageError: The local disk is full, or the store fails.
    """
    with ExitStack() as stack:
        spilling = cache(lambda: Path(stack.enter_context(TemporaryFolder())))
        runs = list(_sorted_runs(rows, spilling))
        counted = _Counted(_once_each(heapq.merge(*runs)))
        if len(runs) == 1:  # works even if the local disk is full
            sink = pa.BufferOutputStream()
            write_parquet(sink, schema, counted)
            content = sink.getvalue().to_pybytes()
            files.write_bytes(url, content)
            return counted.number, FileEntry.of_content(content)
        path = spilling() / "shard.parquet"
        with storage_errors(str(path), "write"):
            write_parquet(path, schema, counted)
        files.upload_file(str(path), url)
        return counted.number, FileEntry.of(path)


def _sorted_runs(rows: Iterable[Row], folder: Callable[[], Path]) -> Iterator[Iterable[Row]]:
    """Runs of sorted rows. All but the last are on disk, in a folder that is made at first use."""
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
    """Writes JSON rows in groups, with settings that give equal bytes for equal rows.

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
    """JSON rows as an Arrow table. JSON has no times, and no tuples, which Arrow needs for the entries of a map.

    Raises:
      pa.ArrowInvalid: A row does not fit the schema: a defect.
    """
    maps = [field.name for field in schema if pa.types.is_map(field.type)]
    times = [field.name for field in schema if pa.types.is_timestamp(field.type)]
    parsed = [json.loads(row) for row in rows]
    for row in parsed:
        row.update({name: [tuple(entry) for entry in row[name]] for name in maps})
        row.update({name: datetime.fromisoformat(row[name]) for name in times})
    return pa.Table.from_pylist(parsed, schema=schema)


def json_of(row: Mapping[str, Any]) -> str:
    """A row that was read from a table as JSON, the inverse of `as_table`."""
    return json.dumps({name: time_text(value) if isinstance(value, datetime) else value for name, value in row.items()})


def time_text(at: datetime) -> str:
    """A time with a time zone as ISO 8601 in UTC, with microseconds, so that equal times give equal texts."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
