"""Encrypted files, one per recording, under a private root."""

from __future__ import annotations

from dataclasses import dataclass

from hushbeam.transforms.base.sealing import HEADER_BYTES, FileSealer
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.urls import join, safe_name


@dataclass(frozen=True)
class SealedRoot:
    """The location of encrypted files. Pickled with the pipeline, so keys are references.

    Attributes:
      root: Normalised, and outside of the public outputs: see `hushbeam.transforms.storage.private_roots`.
      keys: Secret references: the first key encrypts, all of them decrypt.
    """

    root: str
    keys: tuple[str, ...]


class SealedFiles:
    """Reads and writes encrypted files of one kind. Holds keys, so each worker makes its own.

    Args:
      option: The option that names the keys, for errors.
      purpose: A part of key derivation: one secret gives a different key for each purpose.
      suffix: Of the files' names.

    Raises:
      ConfigurationError: A key cannot be read.
    """

    def __init__(self, place: SealedRoot, option: str, purpose: str, suffix: str) -> None:
        self._root = place.root
        self._sealer = FileSealer(place.keys, option, purpose)
        self._suffix = suffix

    def write(self, recording_id: str, content: bytes) -> None:
        """Writes or replaces the file of a recording."""
        name = sealed_name(recording_id, self._suffix)
        files.write_private(join(self._root, name), self._sealer.seal(content, name))

    def read(self, recording_id: str) -> bytes:
        """The decrypted content of a recording's file.

        Raises:
          MissingFileError: There is no file.
          SealedFileError: The file cannot be decrypted.
        """
        name = sealed_name(recording_id, self._suffix)
        return self._sealer.open(files.read_bytes(join(self._root, name)), name)

    def has_key_of_any(self, most: int) -> bool:
        """Whether one of the keys is that of any of the first files; True if there is no file."""
        names = [f"{name}{self._suffix}" for name in sealed_names(self._root, self._suffix)[:most]]
        return not names or any(map(self._has_key, names))

    def _has_key(self, name: str) -> bool:
        with files.open_read(join(self._root, name)) as file:
            return self._sealer.has_key_of(file.read(HEADER_BYTES))


def sealed_names(root: str, suffix: str) -> list[str]:
    """The names of the recordings that have a file under a root: their ids, where these are safe names of files."""
    return [name.removesuffix(suffix) for name in files.list_names(root) if name.endswith(suffix)]


def sealed_name(recording_id: str, suffix: str) -> str:
    """The name of a recording's file within its root."""
    return f"{safe_name(recording_id)}{suffix}"
