"""Reader of sources: from disks and object stores as `files` does, from web servers through the spool."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, cast

from hushbeam.schemas.media import SourceIdentity
from hushbeam.schemas.public_urls import without_query
from hushbeam.schemas.stages import PendingRecording
from hushbeam.transforms.base.temporary_files import TemporaryFolder
from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.sources.settings import SourceSettings
from hushbeam.transforms.sources.spool import SPOOL
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import SourceChangedError
from hushbeam.transforms.storage.stream import RangeStream
from hushbeam.transforms.storage.urls import is_web
from hushbeam.transforms.storage.web.client import (
    REPLACED,
    Content,
    TooManyBytesError,
    Version,
    WebClient,
)

_BY_CONTENT, _UNKNOWN = "sha256:", "unknown:"
_COPIES_OF_THE_LARGEST = 2
_PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class Sources:
    """Looks up and reads sources. Pickled with the pipeline.

    A source on a web server is fetched once into the spool, and all stages on this worker read that copy. Another
    worker fetches it again, and gets the same bytes or an error.
    """

    settings: SourceSettings
    limits: MediaLimits

    def look_up(self, url: str) -> SourceIdentity:
        """Size and version of a recording.

        The version of a file on a web server is its entity tag, or the time of its last change. If the server states
        neither, or no length, the file is fetched, and its version is a checksum.

        Raises:
          StorageError: As `files.stat`.
          MediaError: The file had to be fetched, and is too large.
        """
        if not is_web(url):
            return files.stat(url)
        version = self._client.look_up(url)
        if version.name is None or version.size_bytes is None:
            content = self._download(url, None)
            return SourceIdentity(without_query(url), content.size_bytes, _BY_CONTENT + content.sha256)
        return SourceIdentity(without_query(url), version.size_bytes, version.name)

    def look_up_guessable(self, url: str) -> SourceIdentity:
        """As `look_up`, for a file whose content could be guessed: its version is no checksum of the content.

        Entity tags often are. Without a time of the last change, the version is another one for each call.
        """
        if not is_web(url):
            return files.stat_guessable(url)
        found = self._client.look_up(url)
        known = replace(found, etag=None)
        return SourceIdentity(without_query(url), found.size_bytes or 0, known.name or f"{_UNKNOWN}{uuid.uuid4().hex}")

    @contextmanager
    def opened(self, recording: PendingRecording) -> Iterator[tuple[Path, PendingRecording]]:
        """A local file with the source of a recording, and the recording to pass on, whose copy later stages read.

        Raises:
          SourceChangedError: The source is not the one that was looked up, or not the one that an earlier stage read.
          StorageError: It cannot be fetched.
        """
        url = recording.recording.audio_url
        if is_web(url):
            fetched = self._fetched(url, recording)
            try:
                yield fetched.local_copy.path, fetched
            except BaseException:
                fetched.local_copy.remove()  # whatever still refers to the error would keep it
                raise
            return
        with TemporaryFolder() as folder:
            yield files.fetch(url, folder, expected=recording.source), recording

    @contextmanager
    def header_of(self, recording: PendingRecording) -> Iterator[BinaryIO]:
        """The source as a stream, for a look at its header: not all of it is fetched."""
        url = recording.recording.audio_url
        if is_web(url):
            stream = _WebStream(self._client, url, recording.source)
            with io.BufferedReader(stream, _PIECE_BYTES) as file:
                yield cast(BinaryIO, file)
            return
        with files.open_read(url) as file:
            yield file

    def read_transcript(self, url: str, expected: SourceIdentity, most_bytes: int) -> bytes:
        """A given transcript on a web server.

        Raises:
          TooManyBytesError: It has more than `most_bytes`.
          SourceChangedError: It is not the one that was looked up.
        """
        content = io.BytesIO()
        read = self._client.download(url, content, most_bytes)
        name = replace(read.version, etag=None).name
        if not expected.version.startswith(_UNKNOWN) and (name, read.size_bytes) != (
            expected.version,
            expected.size_bytes,
        ):
            raise SourceChangedError(REPLACED, retryable=True)
        return content.getvalue()

    @property
    def _client(self) -> WebClient:
        return _client_of(self.settings)

    def _fetched(self, url: str, recording: PendingRecording) -> PendingRecording:
        if recording.local_copy is not None and recording.local_copy.path.exists():
            return recording
        self.limits.check_size(recording.source.size_bytes)

        def fetch(target: BinaryIO, may_grow: Callable[[int], None]) -> str:
            may_grow(recording.source.size_bytes)  # before a connection waits for the spool
            content = self._download(url, target, may_grow, _stated(recording.source))
            _check(content, recording)
            return content.sha256

        copy = SPOOL.add(_COPIES_OF_THE_LARGEST * self.limits.max_source_bytes, fetch)
        return replace(recording, local_copy=copy, content_sha256=copy.sha256)

    def _download(
        self,
        url: str,
        target: BinaryIO | None,
        may_grow: Callable[[int], None] = lambda _: None,
        expected: Version | None = None,
    ) -> Content:
        try:
            return self._client.download(url, target, self.limits.max_source_bytes, may_grow, expected)
        except TooManyBytesError:
            raise MediaError("too_large", f"the file is larger than {self.limits.max_source_bytes} bytes") from None


def _check(content: Content, recording: PendingRecording) -> None:
    """Whether a fetched file is the one that was looked up, and that earlier stages read."""
    source = recording.source
    version = _BY_CONTENT + content.sha256 if source.version.startswith(_BY_CONTENT) else content.version.name
    same = (content.size_bytes, version) == (source.size_bytes, source.version)
    if not same or recording.content_sha256 not in (None, content.sha256):
        raise SourceChangedError(REPLACED, retryable=True)


def _stated(source: SourceIdentity) -> Version | None:
    """What a server said when the source was looked up; None if it did not tell versions apart."""
    kind, _, value = source.version.partition(":")
    match kind:
        case "etag":
            return Version(source.size_bytes, etag=value, modified=None)
        case "modified":
            return Version(source.size_bytes, etag=None, modified=value)
        case _:
            return None


@lru_cache(maxsize=8)
def _client_of(settings: SourceSettings) -> WebClient:
    return WebClient(settings.guard, allow_http=settings.allow_http, patience=settings.patience)


class _WebStream(RangeStream):
    """Ranges of one version of a file on a web server."""

    def __init__(self, client: WebClient, url: str, source: SourceIdentity) -> None:
        super().__init__(source.size_bytes)
        self._client = client
        self._url = url
        self._version = _stated(source) or Version(None, None, None)

    def read_range(self, start: int, end: int) -> bytes:
        return self._client.read_range(self._url, start, end, self._version)
