"""Parquet manifests. A child parses them; here arrives JSON of bounded length."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.isolation.children import Child, ForkServer
from hushbeam.transforms.media.isolation.wire import Kind
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.read_manifest import parquet_child as parquet_rows
from hushbeam.transforms.read_manifest.line import ManifestLineError
from hushbeam.transforms.read_manifest.strict_json import UnusableJsonError, parsed_json

_MIB = 2**20
# Time is waited for a child in all: so long for the first rows, and so long more for each message of them.
_FIRST_S, _MORE_S = 60.0, 10.0
_LIMITS = MediaLimits(decoder_memory_mb=512, decode_s=_FIRST_S, decode_s_per_hour=3600.0)

# A run of equal values, or of none, can stand for any number of rows. What rows mean is not much more than what the
# file holds: in manifests of calls, ten times as much.
_ROWS_OF_ANY_FILE, _ROWS_A_BYTE = 1_000_000, 4
_BYTES_OF_ANY_FILE, _BYTES_A_BYTE = 64 * _MIB, 1000

_SERVER = ForkServer(parquet_rows.__name__)
_USE = threading.Lock()
_USERS: list[ForkServer] = []
atexit.register(_SERVER.close)
os.register_at_fork(after_in_child=_SERVER.forget)

_SAID = {
    parquet_rows.UNREADABLE: "The file is not readable as Parquet from this row on",
    parquet_rows.TOO_MUCH: f"The file takes more than {_LIMITS.decoder_memory_bytes // _MIB} MiB to read this row",
    parquet_rows.TOO_WIDE: f"The file has more than {parquet_rows.MOST_COLUMNS} columns",
    parquet_rows.COLUMN_TWICE: "The file has two columns of one name",
    "decoder_memory": f"The file takes more than {_LIMITS.decoder_memory_bytes // _MIB} MiB to read this row",
    "decoder_time": "The file takes too long to read from this row on",
}


@contextmanager
def fork_server() -> Iterator[ForkServer]:
    """What forks the children that read: there as long as somebody reads, and ended then, since it takes memory.

    Who reads many files one after the other holds it around all of them.
    """
    with _USE:
        _USERS.append(_SERVER)
    try:
        yield _SERVER
    finally:
        with _USE:
            _USERS.pop()
            if not _USERS:
                _SERVER.close()


def read_parquet(file: BinaryIO) -> Iterator[tuple[int, Mapping[str, Any] | ManifestLineError]]:
    """Yields (row number from 1, column to value), and an error where a row, or all from one on, cannot be used."""
    number = held = 0
    size = file.seek(0, os.SEEK_END)
    most_rows, most_held = max(_ROWS_OF_ANY_FILE, _ROWS_A_BYTE * size), max(_BYTES_OF_ANY_FILE, _BYTES_A_BYTE * size)
    try:
        with (
            fork_server() as server,
            Child({"do": "rows"}, _LIMITS, source=file, server=server) as child,
        ):
            while (message := child.receive()).kind is Kind.BLOCK:
                child.allow_for(_MORE_S)
                for row in bytes(message.data).split(b"\n"):
                    number += 1
                    yield number, _values(row)
                held += len(message.data)
                if number > most_rows or held > most_held:
                    yield number + 1, ManifestLineError("The file stands for far more than a file of its size can hold")
                    return
            if message.kind is not Kind.END:
                raise child.invalid_reply()
    except MediaError as error:
        # A child that crashed gave no reason of its own.
        said = _SAID.get(error.reason, _SAID[parquet_rows.UNREADABLE])
        yield number + 1, ManifestLineError(said)


def _values(row: bytes) -> Mapping[str, Any] | ManifestLineError:
    if row == parquet_rows.TOO_LONG:
        return ManifestLineError("The row is longer than 1 MiB")
    if row == parquet_rows.NO_JSON:
        return ManifestLineError("The row holds a value that is neither text, true, false, a number, a list nor a map")
    try:
        values = parsed_json(row.decode())
    except (UnicodeDecodeError, UnusableJsonError):
        values = None
    return values if isinstance(values, dict) else ManifestLineError("The row is not readable")
