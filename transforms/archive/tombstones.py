"""Tombstones: marks of erased recordings, so that no later run publishes them again.

A tombstone is an empty file whose name is a hash of the recording's id, or of its source's URL. The id or URL cannot be
read from the name, but a known one can be looked up. So an id that is easy to guess can be found by guessing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection

from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.urls import is_web, join

FOLDER = "erased"
_NAME = re.compile(r"(recording|source)-[0-9a-f]{64}")


class Tombstones:
    """All tombstones of an output root, read with one listing."""

    def __init__(self, output: str) -> None:
        self._names = frozenset(files.list_names(join(output, FOLDER)))

    def __len__(self) -> int:
        return len(self._names)

    def has_recording(self, recording_id: str) -> bool:
        """Whether a recording of this id was erased."""
        return _of_id(recording_id) in self._names

    def has(self, recording_id: str, audio_url: str) -> bool:
        """Whether this recording, or one of the same source, was erased.

        Sources on web servers are not compared: outputs have their URLs without queries, and on some servers only the
        query tells recordings apart.
        """
        return self.has_recording(recording_id) or (not is_web(audio_url) and _of_source(audio_url) in self._names)


def is_tombstone(name: str) -> bool:
    """Whether a file name is that of a tombstone."""
    return _NAME.fullmatch(name) is not None


def lay(output: str, recording_id: str, audio_urls: Collection[str]) -> None:
    """Writes tombstones for a recording and its known sources."""
    for name in (_of_id(recording_id), *map(_of_source, sorted(audio_urls))):
        files.write_bytes(join(output, FOLDER, name), b"")


def _of_id(recording_id: str) -> str:
    return f"recording-{_digest(recording_id)}"


def _of_source(audio_url: str) -> str:
    return f"source-{_digest(audio_url)}"


def _digest(text: str) -> str:
    return hashlib.sha256(b"hushbeam erased\0" + text.encode("utf-8", "surrogatepass")).hexdigest()
