"""What can go wrong with a file. Messages name the kind of store, never bucket or path: they may be personal data."""

from __future__ import annotations

from hushbeam.schemas.errors import RecordingError


class StorageError(RecordingError):
    """A file could not be read or written.

    Attributes:
      retryable: Whether the same request may succeed later: an overloaded or unreachable store, a full disk.
    """

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable


class MissingFileError(StorageError):
    """There is no such file or object."""


class AccessDeniedError(StorageError):
    """The credentials (or the file's permissions) do not allow it."""


class SourceChangedError(StorageError):
    """The file was replaced while the job worked on it: what was read is not what was planned with."""
