"""Streams that read files in pieces. All pieces of an object are of one version, or reading fails."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, cast

from hushbeam.transforms.storage import urls
from hushbeam.transforms.storage.errors import MissingFileError, SourceChangedError
from hushbeam.transforms.storage.file_systems import request
from hushbeam.transforms.storage.listing import details_of

PIECE_BYTES = 4 << 20
"""Bytes per request: enough for a header at once, and for a large manifest in few requests."""


def open_stream(url: str) -> io.RawIOBase:
    """Opens a normalised location. Each `readinto` is a request."""
    if urls.scheme(url) == "gs":
        return _GoogleStream(url, details_of(url))
    # s3fs asks for the version that it opened.
    options = {"cache_type": "none"} if urls.scheme(url) == "s3" else {}
    return _StoreStream(url, request(url, "read", lambda store, path: store.open(path, "rb", **options)))


class _StoreStream(io.RawIOBase):
    """A stream of an fsspec file system that raises `StorageError` and repeats failed reads."""

    def __init__(self, url: str, stream: Any) -> None:
        self._url = url
        self._stream = stream

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return cast(int, self._stream.seek(offset, whence))

    def tell(self) -> int:
        return cast(int, self._stream.tell())

    def readinto(self, buffer: Any) -> int:
        position = self._stream.tell()

        def read(_: Any, __: str) -> bytes:
            self._stream.seek(position)
            return cast(bytes, self._stream.read(len(buffer)))

        data = request(self._url, "read", read)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


class _GoogleStream(io.RawIOBase):
    """Ranges of one generation of an object; gcsfs's own files read the newest one."""

    def __init__(self, url: str, details: Mapping[str, Any]) -> None:
        self._url = url
        self._size = int(details["size"])
        self._generation = details["generation"]
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise OSError("a position before the start of the stream")
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int:
        start, end = self._position, min(self._position + len(buffer), self._size)
        if start >= end:
            return 0
        try:
            data: bytes = request(
                self._url,
                "read",
                lambda store, path: store.cat_file(path, start=start, end=end, generation=self._generation),
            )
        except MissingFileError:
            raise SourceChangedError(
                "the source was replaced while it was read: run the job again", retryable=True
            ) from None
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
