"""Messages between a worker and a child: plain fields and bytes, of bounded size, so that neither runs the other's.

A message is a kind, a JSON object and bytes. Nothing is pickled: what a child says is read by a process that holds
words and credentials.
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
"""A block of a second at the largest rate that can be asked for, of the largest number of channels, fits well."""

LARGEST_FIELDS = 64 * 2**10

_HEADER = struct.Struct(">BII")
_PIECE = 2**20
_SHORTEST_WAIT_S = 0.001


class MessageKind(enum.IntEnum):
    """What a message says."""

    INFO = 1
    """From the child: what the file holds (`MediaInfo`)."""
    BLOCK = 2
    """Either way: native samples, channels interleaved."""
    END = 3
    """Either way: that was all."""
    REFUSED = 4
    """From the child: the recording ends here (`reason`, `message`, `retryable`)."""
    READ = 5
    """From the child: asks for `size` bytes of the source from `offset`."""
    BYTES = 6
    """From the worker: the bytes that were asked for, fewer at the end of the source."""
    FOUND = 7
    """From the child: how often a video holds hidden text, by place."""


class Message(NamedTuple):
    """One message.

    Attributes:
      data: Its own copy, which the receiver may change.
    """

    kind: MessageKind
    fields: Mapping[str, Any]
    data: bytearray


class WireError(Exception):
    """The other side ended, or said something that is no message."""


def send(
    connection: socket.socket, kind: MessageKind, fields: Mapping[str, Any] | None = None, data: Any = b""
) -> None:
    """Sends a message; `data` is any contiguous buffer.

    Raises:
      OSError: The other side is gone, or did not read in the socket's time.
    """
    text = json.dumps(fields).encode() if fields else b""
    body = memoryview(data).cast("B")
    connection.sendall(_HEADER.pack(kind, len(text), len(body)) + text)
    if body:
        connection.sendall(body)


def receive(connection: socket.socket, deadline: float | None = None) -> Message:
    """Waits for a message.

    Args:
      deadline: By `time.monotonic`; None waits as long as the socket does.

    Raises:
      WireError: There is none any more, or it is none.
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
    """So many bytes. Memory grows with what arrives, not with what is announced."""
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
