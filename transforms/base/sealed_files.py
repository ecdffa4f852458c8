"""Sealed files, one for each recording, under a private root."""

from __future__ import annotations

from dataclasses import dataclass

from hushbeam.transforms.base.sealing import FileSealer
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.urls import join, safe_name


@dataclass(frozen=True)
class SealedRoot:
    """Where sealed files are. Pickled with the pipeline, so keys are references.

    Attributes:
      root: Normalised, and apart from the public outputs: see `hushbeam.transforms.storage.private_roots`.
      keys: Where the keys are kept: the first seals, all open.
    """

    root: str
    keys: tuple[str, ...]


class SealedFiles:
    """Reads and writes the files of one kind. Holds keys: one for each worker.

    Args:
      option: Names the keys in errors.
      purpose: The same secret gives different keys for different purposes.
      suffix: Of the files' names.

    Raises:
      ConfigurationError: A key cannot be had.
    """

    def __init__(self, place: SealedRoot, option: str, purpose: str, suffix: str) -> None:
        self._root = place.root
        self._sealer = FileSealer(place.keys, option, purpose)
        self._suffix = suffix

    def write(self, recording_id: str, content: bytes) -> None:
        """Keeps what there is of a recording, in the place of what was kept before."""
        name = sealed_name(recording_id, self._suffix)
        files.write_private(join(self._root, name), self._sealer.seal(content, name))

    def read(self, recording_id: str) -> bytes:
        """What is kept of a recording.

        Raises:
          MissingFileError: Nothing.
          SealedFileError: It does not open.
        """
        name = sealed_name(recording_id, self._suffix)
        return self._sealer.open(files.read_bytes(join(self._root, name)), name)


def sealed_name(recording_id: str, suffix: str) -> str:
    """The name of a recording's file within its root."""
    return f"{safe_name(recording_id)}{suffix}"
