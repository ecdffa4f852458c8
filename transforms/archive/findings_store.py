"""The store: a sealed file for each recording, under a root of its own."""

from __future__ import annotations

from pydantic import TypeAdapter, ValidationError

from hushbeam.schemas.stored import StoredRecording
from hushbeam.transforms.base.sealed_files import SealedFiles, SealedRoot, sealed_name
from hushbeam.transforms.base.sealing import SealedFileError
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import MissingFileError
from hushbeam.transforms.storage.urls import join

STORE_KEYS = "--store_key"

_PURPOSE = "words and findings of recordings"
_SUFFIX = ".findings"
_CONTENT = TypeAdapter(StoredRecording)


class NotStoredError(MissingFileError):
    """Nothing is kept of this recording."""


class FindingsStore:
    """Reads and writes the store. Holds keys: one for each worker.

    Raises:
      ConfigurationError: A key cannot be had.
    """

    def __init__(self, place: SealedRoot) -> None:
        self._files = SealedFiles(place, STORE_KEYS, _PURPOSE, _SUFFIX)

    def write(self, recording: StoredRecording) -> None:
        """Keeps a recording, in the place of what was kept of it before."""
        self._files.write(recording.transcribed.recording_id, _CONTENT.dump_json(recording))

    def read(self, recording_id: str) -> StoredRecording:
        """What is kept of a recording.

        Raises:
          NotStoredError: Nothing.
          SealedFileError: It does not open.
        """
        try:
            content = self._files.read(recording_id)
        except MissingFileError:
            raise NotStoredError(
                "its words are not in the store: it was redacted without --store; do it again with hushbeam redact"
            ) from None
        try:
            return _CONTENT.validate_json(content)
        except ValidationError:
            raise SealedFileError("what is kept of the recording is of another version") from None


def stored_url(root: str, recording_id: str) -> str:
    """Where a recording's file is, or would be."""
    return join(root, sealed_name(recording_id, _SUFFIX))


def is_empty(root: str) -> bool:
    """Whether nothing is kept under a root."""
    return not any(name.endswith(_SUFFIX) for name in files.list_names(root))
