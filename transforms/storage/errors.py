"""Errors of files. Messages name the kind of store, never bucket or path, which may be personal data."""

from __future__ import annotations

from hushbeam.schemas.errors import RecordingError


class StorageError(RecordingError):
    """A file could not be read or written.

    Attributes:
      retryable: Whether the same request may succeed later, as with an overloaded store or a full disk.
    """

    remedy = "Run again; if it returns, check the store."

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable


class MissingFileError(StorageError):
    """There is no such file or object."""

    remedy = "Correct the URL, or remove the line."


class AccessDeniedError(StorageError):
    """Credentials or permissions do not allow the request."""

    remedy = "Let the account of the job, on a cluster of its workers, read the file."


class SourceChangedError(StorageError):
    """The file was replaced while the job worked on it."""

    remedy = "Run again, when nobody writes the file."
