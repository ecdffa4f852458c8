"""Checksums of local files."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

_hashing = threading.Lock()
_known: dict[tuple[str, int, int, int, int], str] = {}


def sha256_of(path: Path) -> str:
    """SHA-256 of a file in hexadecimal digits, read in constant memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_model(path: Path) -> str:
    """As `sha256_of`, for files that stay: each is read once in this process, unless it changes.

    The checks before a run and the loading of its models need the same checksums: 0.3 s for the packaged models.
    """
    state = path.stat()
    key = (str(path), state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)
    with _hashing:
        if key not in _known:
            _known[key] = sha256_of(path)
        return _known[key]
