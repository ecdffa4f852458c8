"""Streams that read files in pieces. All pieces of an object are of one version, or reading fails."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, cast

from hushbeam.transforms.storage import urls
from hushbeam.transforms.storage.azure import read_range
from hushbeam.transforms.storage.errors import MissingFileError, SourceChangedError
from hushbeam.transforms.storage.file_systems import request
from hushbeam.transforms.storage.listing import details_of

PIECE_BYTES = 4 << 20
"""Bytes per request: enough for a header at once, and for a large manifest in few requests."""


def open_stream(url: str) -> io.RawIOBase:
    """Opens a normalised location. Each `readinto` is a request."""
    if urls.scheme(url) == "gs":
        return _GoogleStream(url, details_of(url))
    if urls.scheme(url) == "az":
        return _AzureStream(url, details_of(url))
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


class RangeStream(io.RawIOBase):
    """A file of known size of which ranges can be requested. Each `readinto` is a request."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._position = 0

    def read_range(self, start: int, end: int) -> bytes:
        """The bytes from `start` to `end`, or the first of them."""
        raise NotImplementedError

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
        end = min(self._position + len(buffer), self._size)
        if self._position >= end:
            return 0
        data = self.read_range(self._position, end)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


class _GoogleStream(RangeStream):
    """Ranges of one generation of an object; gcsfs's own files read the newest one."""

    def __init__(self, url: str, details: Mapping[str, Any]) -> None:
        super().__init__(int(details["size"]))
        self._url = url
        self._generation = details["generation"]

    def read_range(self, start: int, end: int) -> bytes:
        try:
            return request(
                self._url,
                "read",
                lambda store, path: cast(
                    bytes, store.cat_file(path, start=start, end=end, generation=self._generation)
                ),
            )
        except MissingFileError:
            raise _replaced() from None


class _AzureStream(RangeStream):
    """Ranges of one version of a blob; adlfs's own files read the newest one."""

    def __init__(self, url: str, details: Mapping[str, Any]) -> None:
        if details["type"] != "file":
            raise MissingFileError("the location is a folder, not a file")
        super().__init__(int(details["size"]))
        self._url = url
        self._tag = details["etag"]

    def read_range(self, start: int, end: int) -> bytes:
        data = request(self._url, "read", lambda store, path: read_range(store, path, start, end, self._tag))
        if data is None:
            raise _replaced()
        return data


def _replaced() -> SourceChangedError:
    return SourceChangedError("the source was replaced while it was read: run the job again", retryable=True)
