"""The store: a sealed file for each recording, under a root of its own."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from schemas.stored import StoredRecording
from transforms.sealing import FileSealer, SealedFileError
from transforms.storage import files
from transforms.storage.errors import MissingFileError
from transforms.storage.urls import join, safe_name

STORE_KEYS = "--store_key"

_PURPOSE = "words and findings of recordings"
_SUFFIX = ".findings"
_CONTENT = TypeAdapter(StoredRecording)


class NotStoredError(MissingFileError):
    """Nothing is kept of this recording."""


@dataclass(frozen=True)
class StoreSettings:
    """Where the store is. Pickled with the pipeline, so keys are references.

    Attributes:
      root: Normalised, and apart from the public outputs: see `transforms.storage.private_roots`.
      keys: Where the keys are kept: the first seals, all open.
    """

    root: str
    keys: tuple[str, ...]


class FindingsStore:
    """Reads and writes the store. Holds keys: one for each worker.

    Raises:
      ConfigurationError: A key cannot be had.
    """

    def __init__(self, settings: StoreSettings) -> None:
        self._root = settings.root
        self._sealer = FileSealer(settings.keys, STORE_KEYS, _PURPOSE)

    def write(self, recording: StoredRecording) -> None:
        """Keeps a recording, in the place of what was kept of it before."""
        name = stored_name(recording.heard.recording_id)
        files.write_bytes(join(self._root, name), self._sealer.seal(_CONTENT.dump_json(recording), name))

    def read(self, recording_id: str) -> StoredRecording:
        """What is kept of a recording.

        Raises:
          NotStoredError: Nothing.
          SealedFileError: It does not open.
        """
        name = stored_name(recording_id)
        try:
            sealed = files.read_bytes(join(self._root, name))
        except MissingFileError:
            raise NotStoredError(
                "its words are not in the store: it was redacted without --store; do it again with pipelines.redact"
            ) from None
        try:
            return _CONTENT.validate_json(self._sealer.open(sealed, name))
        except ValidationError:
            raise SealedFileError("what is kept of the recording is of another version") from None


def stored_name(recording_id: str) -> str:
    """The name of a recording's file within the store."""
    return f"{safe_name(recording_id)}{_SUFFIX}"


def stored_url(root: str, recording_id: str) -> str:
    """Where a recording's file is, or would be."""
    return join(root, stored_name(recording_id))


def is_empty(root: str) -> bool:
    """Whether nothing is kept under a root."""
    return not any(name.endswith(_SUFFIX) for name in files.list_names(root))
