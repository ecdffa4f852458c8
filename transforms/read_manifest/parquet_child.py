"""Parquet reader for a confined child process: a few hundred bytes of a file can expand to gigabytes.

No figure in a file limits the memory that reading needs: pages state their own size, every row can repeat a value of
the dictionary, and one run can encode a list of a billion elements. So the child has limits on memory and time, reads
few rows at a time, and sends each as JSON of bounded length.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import socket
from collections import Counter
from collections.abc import Iterator
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hushbeam.transforms.base.strict_json import LONGEST_LINE_BYTES
from hushbeam.transforms.media.isolation import wire
from hushbeam.transforms.media.isolation.wire import MessageKind
from hushbeam.transforms.media.isolation.worker_file import WorkerFile

MOST_COLUMNS = 256
"""Limit for leaf columns, those inside lists and structures included. A manifest has a dozen."""

TOO_LONG, NO_JSON = b"too long", b"no JSON"
"""Sent instead of a row."""

UNREADABLE, TOO_MUCH, TOO_WIDE, COLUMN_TWICE = "unreadable", "too_much", "too_wide", "column_twice"
"""Reasons why reading ends early."""

# pandas writes row numbers into a column of this name if rows were dropped.
_PANDAS_INDEX = re.compile(r"__index_level_\d+__")

_ROWS_AT_ONCE = 64
_MESSAGE_BYTES = 4 << 20
_BUFFER = 1 << 20


class _UnusableError(Exception):
    """Reading ends here. `str()` is one of the reasons above."""


def rehearse() -> None:
    """Loads everything that reading needs: a child may not open files, so it cannot import."""
    # The system's allocator: others reserve more address space than a child has.
    pa.set_memory_pool(pa.system_memory_pool())
    file = io.BytesIO()
    columns = {
        "a": ["text"],
        "b": pa.array([[("key", "value")]], pa.map_(pa.string(), pa.string())),
        "c": pa.array([0], pa.timestamp("ns", "UTC")),
        "d": pa.array([0], pa.duration("ns")),
        "e": pa.array([0], pa.date32()),
        "f": pa.array([Decimal(1)], pa.decimal128(5, 2)),
    }
    pq.write_table(pa.table(columns), file)
    assert b"".join(_rows(file)).startswith(b'{"a": "text"')


def do(_: dict[str, Any], connection: socket.socket, files: tuple[BinaryIO, ...]) -> None:
    """Sends messages with one row per line, then an end or the reason why reading ended early."""
    source = files[0] if files else cast(BinaryIO, io.BufferedReader(WorkerFile(connection), _BUFFER))
    try:
        for message in _messages(_rows(source)):
            wire.send(connection, MessageKind.BLOCK, data=message)
        wire.send(connection, MessageKind.END)
    except (wire.WireError, ConnectionError):
        # The worker stopped reading.
        return
    except _UnusableError as error:
        _refuse(connection, str(error))
    except MemoryError:
        _refuse(connection, TOO_MUCH)
    except Exception:  # noqa: BLE001 - any error of pyarrow or its codecs ends this file
        _refuse(connection, UNREADABLE)


def _messages(rows: Iterator[bytes]) -> Iterator[bytes]:
    waiting: list[bytes] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) >= _ROWS_AT_ONCE or sum(map(len, waiting)) >= _MESSAGE_BYTES:
            yield b"\n".join(waiting)
            waiting = []
    if waiting:
        yield b"\n".join(waiting)


def _rows(source: BinaryIO) -> Iterator[bytes]:
    # Buffered: otherwise the chunks of all columns of a row group are read at once. A child has one thread.
    with pq.ParquetFile(source, buffer_size=_BUFFER, pre_buffer=False) as file:
        if file.metadata.num_columns > MOST_COLUMNS:
            raise _UnusableError(TOO_WIDE)
        if _names_twice(list(file.schema_arrow)):
            raise _UnusableError(COLUMN_TWICE)
        columns = [name for name in file.schema_arrow.names if not _PANDAS_INDEX.fullmatch(name)]
        for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=columns, use_threads=False):
            yield from _as_lines(_with_plain_times(batch))


def _with_plain_times(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with its times as text, in UTC: pyarrow would open time zones for them, or import pandas."""
    for index, field in enumerate(batch.schema):
        if pa.types.is_timestamp(field.type):
            times = batch.column(index).cast(pa.timestamp("us"), safe=False).cast(pa.string())
            zone = "Z" if field.type.tz else ""
            batch = batch.set_column(index, field.name, pc.binary_join_element_wise(times, zone, ""))
        elif pa.types.is_duration(field.type):
            lengths = batch.column(index).cast(pa.duration("us"), safe=False)
            batch = batch.set_column(index, field.name, lengths)
    return batch


def _names_twice(fields: list[pa.Field]) -> bool:
    if any(count > 1 for count in Counter(field.name for field in fields).values()):
        return True
    return any(_names_twice([field.type.field(n) for n in range(field.type.num_fields)]) for field in fields)


def _as_lines(batch: pa.RecordBatch) -> list[bytes]:
    """Each row as JSON, converted all at once if they are short, as usual."""
    if _size(batch) <= LONGEST_LINE_BYTES:
        with contextlib.suppress(TypeError, ValueError):
            return [_as_json(values) for values in batch.to_pylist()]
    return [_alone(batch.slice(index, 1)) for index in range(batch.num_rows)]


def _alone(row: pa.RecordBatch) -> bytes:
    if _size(row) > LONGEST_LINE_BYTES:
        return TOO_LONG
    try:
        return _as_json(row.to_pylist()[0])
    except (TypeError, ValueError):
        return NO_JSON


def _as_json(values: dict[str, Any]) -> bytes:
    """Raises `TypeError` or `ValueError` for values that JSON cannot express."""
    text = json.dumps(values, default=_text, allow_nan=False, ensure_ascii=False).encode()
    return text if len(text) <= LONGEST_LINE_BYTES else TOO_LONG


def _size(batch: pa.RecordBatch) -> int:
    """Bytes of the values before they become objects, without dictionaries, which belong to the whole chunk."""
    return sum(column.nbytes for column in batch.columns if not pa.types.is_dictionary(column.type))


def _text(value: Any) -> str:
    """Text of a value that JSON has no form for: bytes, which some writers use for text, times and decimal numbers."""
    match value:
        case bytes():
            return value.decode()
        case date() | time():
            return value.isoformat()
        case timedelta() | Decimal():
            return str(value)
        case _:
            raise TypeError


def _refuse(connection: socket.socket, reason: str) -> None:
    with contextlib.suppress(OSError):
        wire.send(connection, MessageKind.REFUSED, {"reason": reason, "message": "", "retryable": False})
