"""FindingsStore: an encrypted file per recording with its words and candidates, under a private root."""

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
    """The store has no file of this recording."""


class OtherVersionError(SealedFileError):
    """The stored file was written by a version of Hushbeam that found other things, or kept them differently."""

    def __init__(self) -> None:
        super().__init__("the stored findings are of another version of Hushbeam: run hushbeam redact again")


class FindingsStore:
    """Reads and writes the store. Holds keys, so each worker makes its own.

    Raises:
      ConfigurationError: A key cannot be read.
    """

    def __init__(self, place: SealedRoot) -> None:
        self._files = SealedFiles(place, STORE_KEYS, _PURPOSE, _SUFFIX)

    def write(self, recording: StoredRecording) -> None:
        """Writes or replaces the file of a recording."""
        self._files.write(recording.transcribed.recording_id, _CONTENT.dump_json(recording))

    def read(self, recording_id: str) -> StoredRecording:
        """The stored content of a recording.

        Raises:
          NotStoredError: The store has no file of the recording.
          SealedFileError: The file cannot be decrypted, or is of another version.
        """
        try:
            content = self._files.read(recording_id)
        except MissingFileError:
            raise NotStoredError(
                "the store does not have this recording: it was redacted without --store; run hushbeam redact again"
            ) from None
        try:
            return _CONTENT.validate_json(content)
        except ValidationError:
            raise OtherVersionError() from None


def stored_url(root: str, recording_id: str) -> str:
    """The location of a recording's file, whether it exists or not."""
    return join(root, sealed_name(recording_id, _SUFFIX))


def is_empty(root: str) -> bool:
    """Whether the store under a root has no files."""
    return not any(name.endswith(_SUFFIX) for name in files.list_names(root))
