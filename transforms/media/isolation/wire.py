"""Messages between a worker and a child: a kind, a JSON object and bytes, all of bounded size.

Nothing is pickled, because the worker holds words and credentials, and a child may be under a hostile file's control.
"""

from __future__ import annotations

import enum
import json
import socket
import struct
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

LARGEST_DATA = 64 * 2**20
"""Large enough for a second at the highest allowed rate in the largest number of channels."""

LARGEST_FIELDS = 64 * 2**10

_HEADER = struct.Struct(">BII")
_PIECE = 2**20
_SHORTEST_WAIT_S = 0.001


class MessageKind(enum.IntEnum):
    """Kinds of messages."""

    INFO = 1
    """From the child: the format of the file (`MediaInfo`)."""
    BLOCK = 2
    """From either side: native samples, channels interleaved."""
    END = 3
    """From either side: the last message."""
    REFUSED = 4
    """From the child: the recording fails (`reason`, `message`, `retryable`)."""
    READ = 5
    """From the child: requests `size` bytes of the source from `offset`."""
    BYTES = 6
    """From the worker: the requested bytes, or fewer at the end of the source."""
    FOUND = 7
    """From the child: counts of hidden text in a video, by place."""


class Message(NamedTuple):
    """One message.

    Attributes:
      data: A copy of its own, which the receiver may change.
    """

    kind: MessageKind
    fields: Mapping[str, Any]
    data: bytearray


class WireError(Exception):
    """The other side ended, or sent something that is not a message."""


def send(
    connection: socket.socket, kind: MessageKind, fields: Mapping[str, Any] | None = None, data: Any = b""
) -> None:
    """Sends a message; `data` is any contiguous buffer.

    Raises:
      OSError: The other side has ended, or did not read within the socket's timeout.
    """
    text = json.dumps(fields).encode() if fields else b""
    body = memoryview(data).cast("B")
    connection.sendall(_HEADER.pack(kind, len(text), len(body)) + text)
    if body:
        connection.sendall(body)


def receive(connection: socket.socket, deadline: float | None = None) -> Message:
    """Waits for a message.

    Args:
      deadline: By `time.monotonic`; None for the socket's timeout.

    Raises:
      WireError: The other side ended, or sent something that is not a message.
      TimeoutError: The whole message did not come in time.
      OSError: The connection broke.
    """
    kind, text_size, data_size = _HEADER.unpack(_exactly(connection, _HEADER.size, deadline))
    if text_size > LARGEST_FIELDS or data_size > LARGEST_DATA:
        raise WireError
    try:
        fields = json.loads(_exactly(connection, text_size, deadline)) if text_size else {}
        known = MessageKind(kind)
    except (ValueError, RecursionError):
        raise WireError from None
    if not isinstance(fields, dict):
        raise WireError
    return Message(known, fields, _exactly(connection, data_size, deadline))


def _exactly(connection: socket.socket, size: int, deadline: float | None) -> bytearray:
    """Reads `size` bytes. Memory grows with the bytes that arrive, not with the announced size."""
    content = bytearray(min(size, _PIECE))
    filled = 0
    while filled < size:
        if filled == len(content):
            content += bytes(min(size - filled, _PIECE))
        if deadline is not None:
            connection.settimeout(max(deadline - time.monotonic(), _SHORTEST_WAIT_S))
        with memoryview(content) as view:
            count = connection.recv_into(view[filled:])
        if not count:
            raise WireError
        filled += count
    return content
