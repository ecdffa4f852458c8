"""FileEntry: the size and the checksum of one file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FileEntry:
    """A file in a list.

    Attributes:
      size_bytes, sha256: Of the whole file.
    """

    size_bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> FileEntry:
        """The entry of a local file."""
        with path.open("rb") as content:
            return cls(path.stat().st_size, hashlib.file_digest(content, "sha256").hexdigest())

    @classmethod
    def of_content(cls, content: bytes) -> FileEntry:
        """The entry of a file that will have this content."""
        return cls(len(content), hashlib.sha256(content).hexdigest())
