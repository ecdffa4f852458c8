"""Reader of files on web servers: one version of a file, or an error.

Messages name no host, no path and no query: those of a presigned URL are a secret.
"""

from __future__ import annotations

import hashlib
import random
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import BinaryIO, TypeVar
from urllib.parse import urljoin

import httpcore

from hushbeam.transforms.storage.errors import AccessDeniedError, MissingFileError, SourceChangedError, StorageError
from hushbeam.transforms.storage.web.addresses import Endpoint, Guard, RefusedAddressError
from hushbeam.transforms.storage.web.connection import (
    UNREACHED,
    Deadline,
    Resolver,
    connections,
    header,
    reason,
    request,
    resolve,
    retry_after_s,
)
from hushbeam.transforms.storage.web.patience import PATIENCE, Patience

Result = TypeVar("Result")

REPLACED = "the source was replaced after the job had looked at it: run the job again"

_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
_FEW = 4
_PROGRESS_BYTES = 1 << 20
_UNREACHABLE_FOR_S = 60.0
_CONTENT_RANGE = re.compile(r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18}|\*)", re.ASCII)
_LENGTH = re.compile(r"\d{1,18}", re.ASCII)
_PLAIN = re.compile(r"[\x20-\x7e]{1,128}")
# As bytes are: a server that compresses on the fly has another length and another entity tag for each of its answers.
_HEADERS = {"User-Agent": "hushbeam", "Accept": "*/*", "Accept-Encoding": "identity"}


@dataclass(frozen=True)
class Version:
    """What a server says about a file.

    Attributes:
      size_bytes: None if the server does not say.
      etag, modified: The headers `ETag` and `Last-Modified`; None without them.
    """

    size_bytes: int | None
    etag: str | None
    modified: str | None

    @property
    def name(self) -> str | None:
        """The version in a source's identity; None if the server does not tell versions apart."""
        if self.etag:
            return f"etag:{_short(self.etag.strip(chr(34)))}"
        return f"modified:{_short(self.modified)}" if self.modified else None

    @property
    def if_range(self) -> str | None:
        """The value of `If-Range`; None if the rest of the file cannot be asked for."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.modified


def _short(version: str) -> str:
    """A header for tables and certificates: as it is, or its digest if a server put more than a version into it."""
    return version if _PLAIN.fullmatch(version) else f"sha256-{hashlib.sha256(version.encode()).hexdigest()}"


@dataclass(frozen=True)
class Content:
    """What was read of a file.

    Attributes:
      sha256: Hexadecimal digest of its bytes.
    """

    version: Version
    size_bytes: int
    sha256: str


class _LaterError(Exception):
    """The attempt failed, and the next may not.

    Args:
      why: One of a few fixed reasons.
      wait_s: As the server asked for.
      host: The one that could not be reached, which after a redirect is not that of the URL.
    """

    def __init__(self, why: str, wait_s: float | None = None, host: str | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.wait_s = wait_s
        self.host = host


class WebClient:
    """Reads files of web servers, at addresses that the guard allows.

    Look-ups of one thread share connections, since each recording of an archive needs one. Redirects are followed, five
    at most, each to a checked address, and never from https to http. No credentials are sent.

    All methods raise:
      AccessDeniedError: The address is not allowed, or the server refuses.
      MissingFileError: The server has no such file.
      StorageError: The server does not answer, or answers something else. `retryable` says whether it may later.
    """

    def __init__(
        self,
        guard: Guard,
        *,
        allow_http: bool = False,
        patience: Patience = PATIENCE,
        resolver: Resolver = resolve,
        tls: ssl.SSLContext | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._guard = guard
        self._allow_http = allow_http
        self._patience = patience
        self._resolver = resolver
        self._tls = tls or ssl.create_default_context()
        self._sleep = sleep
        self._of_thread = threading.local()

    def look_up(self, url: str) -> Version:
        """Size and version of a file, from a request for its first byte.

        Not from HEAD: presigned URLs are signed for GET only.
        """
        return self._patiently(url, lambda end: self._looked_up(url, end))

    def read_range(self, url: str, start: int, end: int, expected: Version) -> bytes:
        """Bytes from `start` to before `end`, or fewer at the file's end.

        Raises:
          NoRangesError: The server sends files only as a whole.
          SourceChangedError: The file is not the expected version.
        """
        return self._patiently(url, lambda until: self._range(url, start, end, expected, until))

    def download(
        self,
        url: str,
        target: BinaryIO | None,
        most_bytes: int,
        may_grow: Callable[[int], None] = lambda _: None,
        expected: Version | None = None,
    ) -> Content:
        """Reads a file as a whole, one version of it. A broken connection is resumed.

        Args:
          target: An empty file, written from its start; None only counts and hashes.
          most_bytes: A larger file is an error, as soon as the server states it or exceeds it.
          may_grow: Called with the size before it grows; may raise.
          expected: The version to read; None for any.

        Raises:
          SourceChangedError: The file is not the expected version, or was replaced while it was read.
          TooManyBytesError: It has more than `most_bytes`.
        """
        reading = _Reading(target, most_bytes, may_grow)
        reading.version = expected
        self._patiently(url, lambda end: self._read_rest(url, reading, end), lambda: reading.size)
        assert reading.version is not None
        return Content(reading.version, reading.size, reading.digest.hexdigest())

    def _patiently(
        self, url: str, attempt: Callable[[float], Result], progress: Callable[[], int] = lambda: 0
    ) -> Result:
        """Repeats an attempt that fails for now. The attempt gets the moment at which all of them must have ended."""
        _UNREACHABLE.check(endpoint_of(url, allow_http=True).authority)
        patience, end = self._patience, time.monotonic() + self._patience.total_s
        failed, reached, wait_s = 0, progress(), patience.first_wait_s
        while True:
            try:
                return attempt(end)
            except _LaterError as error:
                if progress() >= reached + _PROGRESS_BYTES:
                    failed, wait_s = 0, patience.first_wait_s
                failed, reached = failed + 1, progress()
                pause_s = wait_s * random.uniform(1, 1.5)  # noqa: S311 - jitter is no secret
                if error.wait_s is not None:
                    pause_s = max(pause_s, error.wait_s)
                if failed >= patience.attempts or (error.wait_s or 0.0) > patience.longest_asked_s:
                    if error.host is not None:
                        _UNREACHABLE.add(error.host)
                    raise StorageError(f"the web server failed: {error.why}", retryable=True) from None
                if time.monotonic() + pause_s > end:
                    raise _too_slow() from None
                self._sleep(pause_s)
                wait_s = min(wait_s * 2, patience.longest_wait_s)

    def _looked_up(self, url: str, until: float) -> Version:
        with self._answer(url, {"Range": "bytes=0-0"}, until, keep=True) as response:
            version = _version(response)
            if response.status == 206:
                for _ in islice(_pieces(response), _FEW):  # a connection can be kept once its answer has been read
                    pass
            return version

    def _range(self, url: str, start: int, end: int, expected: Version, until: float) -> bytes:
        with self._answer(url, {"Range": f"bytes={start}-{end - 1}"}, until) as response:
            _check_same(_version(response), expected)
            if response.status == 200 and start > 0:
                raise NoRangesError("the web server sends files only as a whole")
            if response.status == 206 and _first_byte(response) != start:
                raise _other_part()
            data = bytearray()
            for piece in _pieces(response):
                data += piece
                if len(data) >= end - start:
                    break
            return bytes(data[: end - start])

    def _read_rest(self, url: str, reading: _Reading, until: float) -> None:
        known = reading.version
        if_range = known.if_range if known is not None and reading.size else None
        headers = {"Range": f"bytes={reading.size}-", "If-Range": if_range} if if_range else {}
        with self._answer(url, headers, until) as response:
            version = _version(response)
            if if_range and response.status == 206 and _first_byte(response) == reading.size:
                # Such an answer may leave out Last-Modified: that it is one means that the version is the same.
                _check_same(replace(version, modified=version.modified or known.modified) if known else version, known)
                reading.state(version.size_bytes)
            elif response.status == 200:
                _check_same(version, known)
                reading.restart(version)
            else:
                raise _other_part()
            pace = _Pace(self._patience)
            for piece in _pieces(response):
                reading.add(piece)
                pace.add(len(piece))
        if reading.size != reading.stated_bytes:
            raise _LaterError("the connection broke")

    @contextmanager
    def _answer(
        self, url: str, headers: Mapping[str, str], until: float, *, keep: bool = False
    ) -> Iterator[httpcore.Response]:
        """An answer with status 200, 206 or 416, after redirects. The caller reads the body, or does not."""
        patience = self._patience
        endpoint = endpoint_of(url, allow_http=self._allow_http)
        for _ in range(_MOST_REDIRECTS + 1):
            with self._connections(keep=keep) as (pool, deadline):
                deadline.move(min(patience.answer_s, until - time.monotonic()))
                with _broken_connections(endpoint.authority):
                    response = pool.handle_request(request("GET", endpoint, {**_HEADERS, **headers}, keep=keep))
                try:
                    if response.status not in _REDIRECTS:
                        _check_status(response)
                        deadline.move(until - time.monotonic())  # the body has the file's own limit
                        yield response
                        return
                finally:
                    response.close()
            target = header(response, "Location")
            if target is None:
                raise StorageError("the web server redirects without saying where to")
            endpoint = _redirected(endpoint, target, allow_http=self._allow_http)
            _UNREACHABLE.check(endpoint.authority)
        raise StorageError(f"the web server redirects more than {_MOST_REDIRECTS} times")

    @contextmanager
    def _connections(self, *, keep: bool) -> Iterator[tuple[httpcore.ConnectionPool, Deadline]]:
        """New connections, or those that this thread keeps, with their deadline."""
        kept = getattr(self._of_thread, "connections", None) if keep else None
        if kept is None:
            deadline = Deadline(0.0, self._patience.silence_s)
            kept = connections(self._guard, deadline, self._resolver, self._tls), deadline
            if keep:
                self._of_thread.connections = kept
        if keep:
            yield kept
            return
        with kept[0]:
            yield kept


@contextmanager
def _broken_connections(host: str | None = None) -> Iterator[None]:
    try:
        yield
    except RefusedAddressError as error:
        raise refused(error) from None
    except (httpcore.TimeoutException, TimeoutError):
        raise _LaterError("it did not answer in time") from None
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
        why = reason(error)
        raise _LaterError(why, host=host if why == UNREACHED else None) from None


def refused(error: RefusedAddressError) -> AccessDeniedError:
    """What is said of a recording whose web server has such an address."""
    return AccessDeniedError(f"the web server's address is refused: {error}")


class NoRangesError(StorageError):
    """The server does not send parts of files."""


class TooManyBytesError(Exception):
    """The file is larger than the caller takes."""


class _Reading:
    """The part of a file that has been read."""

    def __init__(self, target: BinaryIO | None, most_bytes: int, may_grow: Callable[[int], None]) -> None:
        self._target = target
        self._most_bytes = most_bytes
        self._may_grow = may_grow
        self._stated: int | None = None
        self.version: Version | None = None
        self.size = 0
        self.digest = hashlib.sha256()

    @property
    def stated_bytes(self) -> int:
        """The size that an answer stated; without one, what was read is the file."""
        return self.size if self._stated is None else self._stated

    def state(self, size: int | None) -> None:
        """Takes the size that an answer states. One that states none does not make an earlier one forgotten."""
        self._stated = self._stated if size is None else size

    def restart(self, version: Version) -> None:
        """Starts with the first byte, of a version that the server states."""
        if version.size_bytes is not None:
            self._check(version.size_bytes)
        self._stated = version.size_bytes
        self.version = version
        self.size = 0
        self.digest = hashlib.sha256()
        if self._target is not None:
            self._target.seek(0)
            self._target.truncate()

    def add(self, piece: bytes) -> None:
        """Adds the next bytes."""
        self._check(self.size + len(piece))
        if self._target is not None:
            self._target.write(piece)
        self.digest.update(piece)
        self.size += len(piece)

    def _check(self, size: int) -> None:
        if size > self._most_bytes:
            raise TooManyBytesError
        self._may_grow(size)


class _Pace:
    """Stops a server that sends a file slower than a person speaks."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._since = time.monotonic()
        self._bytes = 0

    def add(self, count: int) -> None:
        self._bytes += count
        elapsed = time.monotonic() - self._since
        if elapsed < self._patience.slow_s:
            return
        if self._bytes < self._patience.least_bytes_per_s * elapsed:
            raise _too_slow()
        self._since, self._bytes = time.monotonic(), 0


class _Unreachable:
    """Hosts that could not be reached within the last minute: only one of many recordings waits for them."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def add(self, host: str) -> None:
        self._until[host] = time.monotonic() + _UNREACHABLE_FOR_S

    def check(self, host: str) -> None:
        if self._until.get(host, 0.0) > time.monotonic():
            raise StorageError(f"the web server failed: {UNREACHED}", retryable=True)


_UNREACHABLE = _Unreachable()


def endpoint_of(url: str, *, allow_http: bool) -> Endpoint:
    """The parts of the URL of a source.

    Raises:
      StorageError: It is not https, and http is not allowed; or it cannot be parsed.
    """
    if not allow_http and url[:7].lower() == "http://":
        raise AccessDeniedError("http:// sends recordings in plain text: use https://, or allow it with --allow_http")
    try:
        return Endpoint.parse(url, allow_http=allow_http)
    except RefusedAddressError as error:
        raise StorageError(str(error)) from None


def _redirected(endpoint: Endpoint, target: str, *, allow_http: bool) -> Endpoint:
    try:
        url = urljoin(f"{endpoint.scheme}://{endpoint.authority}{endpoint.target}", target)
    except ValueError:
        raise AccessDeniedError("the web server redirects to a URL that cannot be parsed") from None
    if endpoint.scheme == "https" and not url.lower().startswith("https://"):
        raise AccessDeniedError("the web server redirects from https to another scheme, which is not followed")
    try:
        return Endpoint.parse(url.partition("#")[0], allow_http=allow_http)
    except RefusedAddressError as error:
        raise AccessDeniedError(f"the web server redirects to a URL that is refused: {error}") from None


def _check_status(response: httpcore.Response) -> None:
    status = response.status
    if status in (200, 206) or (status == 416 and _CONTENT_RANGE.fullmatch(header(response, "Content-Range") or "")):
        return
    if status in (400, 401, 403):
        raise AccessDeniedError(
            f"the web server refused ({status}): a presigned URL may have expired; make a new manifest"
        )
    if status in (404, 410):
        raise MissingFileError(f"the web server has no such file ({status}): check the URL")
    if status in _LATER:
        raise _LaterError(f"HTTP status {status}", retry_after_s(header(response, "Retry-After")))
    raise StorageError(f"the web server failed to send a file (HTTP status {status})")


def _version(response: httpcore.Response) -> Version:
    return Version(_size(response), header(response, "ETag"), header(response, "Last-Modified"))


def _size(response: httpcore.Response) -> int | None:
    if response.status in (206, 416):
        match = _CONTENT_RANGE.fullmatch(header(response, "Content-Range") or "")
        return int(match[3]) if match and match[3] != "*" else None
    length = header(response, "Content-Length")
    return int(length) if length and _LENGTH.fullmatch(length) else None


def _first_byte(response: httpcore.Response) -> int | None:
    match = _CONTENT_RANGE.fullmatch(header(response, "Content-Range") or "")
    return int(match[1]) if match and match[1] else None


def _check_same(found: Version, expected: Version | None) -> None:
    if expected is None:
        return
    sizes = (found.size_bytes, expected.size_bytes)
    if found.name != expected.name or (None not in sizes and sizes[0] != sizes[1]):
        raise SourceChangedError(REPLACED, retryable=True)


def _pieces(response: httpcore.Response) -> Iterator[bytes]:
    if response.status == 416:  # the file is empty
        return
    with _broken_connections():
        yield from response.iter_stream()


def _other_part() -> StorageError:
    return StorageError("the web server did not send the part of the file that it was asked for")


def _too_slow() -> StorageError:
    return StorageError("the web server sends the file too slowly", retryable=True)
