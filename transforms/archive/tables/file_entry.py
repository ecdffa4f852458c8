"""FileEntry: the size and the checksum of one file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from hushbeam.transforms.base.checksums import sha256_of


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
        return cls(path.stat().st_size, sha256_of(path))

    @classmethod
    def of_content(cls, content: bytes) -> FileEntry:
        """The entry of a file that will have this content."""
        return cls(len(content), hashlib.sha256(content).hexdigest())
