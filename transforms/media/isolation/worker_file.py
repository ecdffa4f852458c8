"""File object of a child whose bytes the worker reads."""

from __future__ import annotations

import errno
import io
import os
import socket
from typing import Any

from hushbeam.transforms.media.isolation import wire
from hushbeam.transforms.media.isolation.wire import MessageKind


class WorkerFile(io.RawIOBase):
    """A source that the worker reads for the child: of a remote file, only the needed parts are fetched."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._position = 0
        self._size: int | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._end()}[whence]
        if start + offset < 0:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int:
        content = self._ask(self._position, len(buffer)).data
        buffer[: len(content)] = content
        self._position += len(content)
        return len(content)

    def _end(self) -> int:
        if self._size is None:
            self._size = int(self._ask(0, 0).fields["size"])
        return self._size

    def _ask(self, offset: int, size: int) -> wire.Message:
        wire.send(self._connection, MessageKind.READ, {"offset": offset, "size": size})
        return wire.receive(self._connection)
