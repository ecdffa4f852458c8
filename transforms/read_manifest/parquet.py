"""Parquet manifests, parsed by a confined child process that sends rows as JSON of bounded length."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

from hushbeam.transforms.base.strict_json import UnusableJsonError, parsed_json
from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.isolation.children import Child, ForkServer
from hushbeam.transforms.media.isolation.wire import MessageKind
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.read_manifest import parquet_child as parquet_rows
from hushbeam.transforms.read_manifest.line import ManifestLineError

_MIB = 2**20
# Seconds that a child may take for the first rows, and for each further message.
_FIRST_S, _MORE_S = 60.0, 10.0
_LIMITS = MediaLimits(decoder_memory_mb=512, decode_s=_FIRST_S, decode_s_per_hour=3600.0)

# A few bytes can encode any number of equal or null values. Rows of real manifests take about ten times the bytes of
# the file.
_ROWS_OF_ANY_FILE, _ROWS_A_BYTE = 1_000_000, 4
_BYTES_OF_ANY_FILE, _BYTES_A_BYTE = 64 * _MIB, 1000

_SERVER = ForkServer(parquet_rows.__name__)
_USE = threading.Lock()
_USERS: list[ForkServer] = []
atexit.register(_SERVER.close)
os.register_at_fork(after_in_child=_SERVER.forget)

_MESSAGES = {
    parquet_rows.UNREADABLE: "The file is not readable as Parquet from this row on",
    parquet_rows.TOO_MUCH: f"Reading this row takes more than {_LIMITS.decoder_memory_bytes // _MIB} MiB of memory",
    parquet_rows.TOO_WIDE: f"The file has more than {parquet_rows.MOST_COLUMNS} columns",
    parquet_rows.COLUMN_TWICE: "The file has two columns with the same name",
    "decoder_memory": f"Reading this row takes more than {_LIMITS.decoder_memory_bytes // _MIB} MiB of memory",
    "decoder_time": "Reading the file from this row on takes too long",
}


@contextmanager
def fork_server() -> Iterator[ForkServer]:
    """The fork server of the child processes. It ends when no caller uses it any more, because it takes memory.

    Hold it around a loop over many files.
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
    """Yields (row number from 1, column to value), with an error for an invalid row or an unreadable rest."""
    number = received = 0
    size = file.seek(0, os.SEEK_END)
    most_rows, most_bytes = max(_ROWS_OF_ANY_FILE, _ROWS_A_BYTE * size), max(_BYTES_OF_ANY_FILE, _BYTES_A_BYTE * size)
    try:
        with (
            fork_server() as server,
            Child({"do": "rows"}, _LIMITS, source=file, server=server) as child,
        ):
            while (message := child.receive()).kind is MessageKind.BLOCK:
                child.allow_for(_MORE_S)
                for row in bytes(message.data).split(b"\n"):
                    number += 1
                    yield number, _values(row)
                received += len(message.data)
                if number > most_rows or received > most_bytes:
                    yield number + 1, ManifestLineError("The file expands to far more data than its size allows")
                    return
            if message.kind is not MessageKind.END:
                raise child.invalid_reply()
    except MediaError as error:
        # A child that crashed gave no reason of its own.
        message_text = _MESSAGES.get(error.reason, _MESSAGES[parquet_rows.UNREADABLE])
        yield number + 1, ManifestLineError(message_text)


def _values(row: bytes) -> Mapping[str, Any] | ManifestLineError:
    if row == parquet_rows.TOO_LONG:
        return ManifestLineError("The row is longer than 1 MiB")
    if row == parquet_rows.NO_JSON:
        return ManifestLineError("The row contains a value that is not text, a boolean, a number, a list or a map")
    try:
        values = parsed_json(row.decode())
    except (UnicodeDecodeError, UnusableJsonError):
        values = None
    return values if isinstance(values, dict) else ManifestLineError("The row is not readable")
