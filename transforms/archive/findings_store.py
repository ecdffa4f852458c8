"""FindingsStore: an encrypted file per recording with its words and candidates, under a private root."""

from __future__ import annotations

from dataclasses import replace

from pydantic import TypeAdapter, ValidationError

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.stored import StoredRecording
from hushbeam.transforms.base.sealed_files import SealedFiles, SealedRoot, sealed_name, sealed_names
from hushbeam.transforms.base.sealing import SealedFileError
from hushbeam.transforms.storage.errors import MissingFileError
from hushbeam.transforms.storage.urls import join

STORE_KEYS = "--store_key"

_PURPOSE = "words and findings of recordings"
_SUFFIX = ".findings"
_MOST_TRIED = 20
_CONTENT = TypeAdapter(StoredRecording)


class NotStoredError(MissingFileError):
    """The store has no file of this recording."""

    remedy = "Run `hushbeam redact` with `--store` and `--force` once."


class OtherVersionError(SealedFileError):
    """The stored file was written by a version of Hushbeam that found other things, or kept them differently."""

    remedy = "Run `hushbeam redact` with `--store` and `--force` once."

    def __init__(self) -> None:
        super().__init__(
            "the stored findings are of another version of Hushbeam: run hushbeam redact once with --store and --force"
        )


class FindingsStore:
    """Reads and writes the store. Holds keys, so each worker makes its own.

    Raises:
      ConfigurationError: A key cannot be read.
    """

    def __init__(self, place: SealedRoot) -> None:
        self._files = SealedFiles(place, STORE_KEYS, _PURPOSE, _SUFFIX)

    def check_keys(self) -> None:
        """Checks that the keys are those of the store, before each recording fails for itself.

        After a change of keys some files may have a key that is not given: those recordings fail alone.

        Raises:
          ConfigurationError: None of the first files has one of the keys.
        """
        if not self._files.has_key_of_any(_MOST_TRIED):
            raise ConfigurationError(
                f"{STORE_KEYS}: the files of --store are encrypted with another key; give the key of the runs that "
                "wrote them"
            )

    def write(self, recording: StoredRecording) -> None:
        """Writes or replaces the file of a recording."""
        self._files.write(recording.transcribed.recording_id, _CONTENT.dump_json(_to_keep(recording)))

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
                "the store does not have this recording: it was redacted without --store; run hushbeam redact once "
                "with --store and --force"
            ) from None
        try:
            return _CONTENT.validate_json(content)
        except ValidationError:
            raise OtherVersionError() from None


def _to_keep(recording: StoredRecording) -> StoredRecording:
    """The recording without the secrets of presigned URLs, and without files that end with the run."""
    pending = recording.transcribed.pending
    pending = replace(pending, recording=pending.recording.without_queries, local_copy=None)
    return replace(recording, transcribed=replace(recording.transcribed, pending=pending))


def stored_url(root: str, recording_id: str) -> str:
    """The location of a recording's file, whether it exists or not."""
    return join(root, sealed_name(recording_id, _SUFFIX))


def is_empty(root: str) -> bool:
    """Whether the store under a root has no files."""
    return not stored_names(root)


def stored_names(root: str) -> list[str]:
    """The names under which recordings are stored: their ids, where these are safe names of files."""
    return sealed_names(root, _SUFFIX)
