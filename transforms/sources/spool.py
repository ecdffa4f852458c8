"""Spool: copies of sources from web servers on the worker's disk, bounded, and removed with their recordings.

A copy is an object that a recording's records hold. When the recording has ended (published, failed, or lost with its
bundle) the last record is gone, the copy with it, and its file. A record that leaves the worker leaves its copy behind.
"""

from __future__ import annotations

import threading
import time
import uuid
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from hushbeam.transforms.base.temporary_files import TemporaryFolder
from hushbeam.transforms.storage.errors import StorageError
from hushbeam.transforms.storage.file_systems import storage_errors

_WAIT_S = 600.0


class Copy:
    """A copy of a source, as long as something refers to it.

    Attributes:
      path: Of the file, which only this user may read.
      sha256: Hexadecimal digest of its bytes.
      remove: Removes the file at once, for the last reader.
    """

    def __init__(self, path: Path, sha256: str, remove: Callable[[Path], None]) -> None:
        self.path = path
        self.sha256 = sha256
        self.remove = weakref.finalize(self, remove, path)

    def __reduce__(self) -> tuple[Callable[[], None], tuple[()]]:
        return _nothing, ()  # another worker has no such file


def _nothing() -> None:
    return None


class Spool:
    """The copies of a process. Safe to share between threads.

    Args:
      wait_s: Longest wait for other copies to go.
    """

    def __init__(self, wait_s: float = _WAIT_S) -> None:
        self._wait_s = wait_s
        # Finalisers run in any thread at any time, also in one that has this lock.
        self._changed = threading.Condition(threading.RLock())
        self._sizes: dict[str, int] = {}
        self._folder: TemporaryFolder | None = None

    @property
    def size_bytes(self) -> int:
        """Of all copies, complete or not."""
        with self._changed:
            return sum(self._sizes.values())

    def __len__(self) -> int:
        with self._changed:
            return len(self._sizes)

    def add(self, most_bytes: int, fetch: Callable[[BinaryIO, Callable[[int], None]], str]) -> Copy:
        """A new copy.

        Args:
          most_bytes: Of all copies together.
          fetch: Writes the file, calls its second argument with the size before the file grows, and returns the digest
            of its bytes.

        Raises:
          StorageError: The copy is larger than the spool, the spool stays full, or the disk fails.
        """
        path = self._new_path()
        try:
            with storage_errors(str(path), "write"), path.open("xb") as target:
                path.chmod(0o600)
                sha256 = fetch(target, lambda size: self._grow(path, size, most_bytes))
        except BaseException:
            self._remove(path)
            raise
        return Copy(path, sha256, self._remove)

    def _new_path(self) -> Path:
        name = f"source-{uuid.uuid4().hex}"
        with self._changed:
            self._sizes[name] = 0  # first: a finaliser that finds no copy removes the folder
            try:
                if self._folder is not None and not Path(self._folder.name).exists():
                    self._folder.cleanup()  # gone with the temporary files of a run that has ended
                    self._folder = None
                if self._folder is None:
                    self._folder = TemporaryFolder()
            except BaseException:
                del self._sizes[name]
                raise
            return Path(self._folder.name, name)

    def _grow(self, path: Path, size: int, most_bytes: int) -> None:
        if size > most_bytes:
            raise StorageError(f"the source is larger than the spool of {most_bytes} bytes: raise --max_recording_gb")
        until = time.monotonic() + self._wait_s
        with self._changed:
            while size > self._sizes[path.name] and size + self._others(path) > most_bytes:
                if not self._changed.wait(max(until - time.monotonic(), 0.0)):
                    raise StorageError(
                        f"the spool of {most_bytes} bytes for sources is full: raise --max_recording_gb", retryable=True
                    )
            self._sizes[path.name] = max(size, self._sizes[path.name])

    def _others(self, path: Path) -> int:
        # No loop of our own: a finaliser that runs in it would change what it goes through.
        return sum(self._sizes.values()) - self._sizes[path.name]

    def _remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        with self._changed:
            self._sizes.pop(path.name, None)
            if not self._sizes and self._folder is not None:
                self._folder.cleanup()
                self._folder = None
            self._changed.notify_all()


SPOOL = Spool()
"""The spool of this process."""
