"""Encryption of files with AES-256-GCM and keys by reference.

An encrypted file is one line of text, a nonce and the encrypted content. The line identifies the key without revealing
it, so that keys can be rotated: the first key encrypts, all of them decrypt. The content is bound to that line and to
the file's name, so a file cannot be passed off as another.
"""

from __future__ import annotations

import base64
import binascii
import os
import zlib
from collections.abc import Sequence
from typing import NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hushbeam.schemas.errors import ConfigurationError, RecordingError
from hushbeam.transforms.base.secrets import read_secret

_MAGIC = b"hushbeam sealed 1 "
_KEY_ID_BYTES = 8
HEADER_BYTES = len(_MAGIC) + 2 * _KEY_ID_BYTES + 1
_NONCE_BYTES = 12
_LEAST_SECRET_BYTES = 32


class SealedFileError(RecordingError):
    """A file cannot be decrypted: it is damaged, renamed, or encrypted with a key that was not given."""

    remedy = "Name the key that encrypted it, or restore the file."


class FileSealer:
    """Encrypts and decrypts files. Holds keys, so it stays in its worker and refuses to be pickled.

    Args:
      references: Of the keys (`env:NAME`, `file:/path`); each is base64 of at least 32 random bytes.
      option: The option that names the keys, for errors.
      purpose: A part of key derivation: one secret gives a different key for each purpose.

    Raises:
      ConfigurationError: A key cannot be read, or is too short to withstand guessing.
    """

    def __init__(self, references: Sequence[str], option: str, purpose: str) -> None:
        keys = [_derived(_secret(reference, option), purpose) for reference in references]
        if not keys:
            raise ConfigurationError(f"{option}: give a reference to the key, such as env:NAME or file:/path")
        self._option = option
        self._ciphers = {_key_id(key): AESGCM(key) for key in keys}
        self._sealing = _key_id(keys[0])

    def seal(self, content: bytes, name: str) -> bytes:
        """The encrypted file's bytes. They differ each time, because the nonce is random.

        Args:
          name: Of the file, within its root.
        """
        header = _MAGIC + self._sealing + b"\n"
        nonce = os.urandom(_NONCE_BYTES)
        cipher = self._ciphers[self._sealing]
        return header + nonce + cipher.encrypt(nonce, zlib.compress(content), header + name.encode())

    def open(self, sealed: bytes, name: str) -> bytes:
        """The inverse of `seal`.

        Raises:
          SealedFileError: These bytes were not encrypted under that name with one of the keys.
        """
        header, rest = sealed[:HEADER_BYTES], sealed[HEADER_BYTES:]
        if not header.startswith(_MAGIC):
            raise SealedFileError("a file is not an encrypted file of this version")
        cipher = self._ciphers.get(header[len(_MAGIC) : -1])
        if cipher is None:
            raise SealedFileError(f"a file is encrypted with a key that {self._option} does not name")
        try:
            return zlib.decompress(cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], header + name.encode()))
        except (InvalidTag, ValueError, zlib.error):
            raise SealedFileError("an encrypted file is damaged, or was renamed") from None

    def has_key_of(self, start: bytes) -> bool:
        """Whether one of the keys is that of an encrypted file, whose first bytes are given."""
        return start.startswith(_MAGIC) and start[len(_MAGIC) : HEADER_BYTES - 1] in self._ciphers

    def __repr__(self) -> str:
        return f"FileSealer({len(self._ciphers)} keys)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a sealer holds keys and stays in its worker")


def _secret(reference: str, option: str) -> bytes:
    try:
        secret = base64.b64decode(read_secret(reference, option), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) < _LEAST_SECRET_BYTES:
        raise ConfigurationError(
            f"{option}: the key is not base64 of at least 32 random bytes; make one with openssl rand -base64 32"
        )
    return secret


def _derived(secret: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=f"hushbeam: {purpose}, version 1".encode()).derive(secret)


def _key_id(key: bytes) -> bytes:
    name = HKDF(SHA256(), length=_KEY_ID_BYTES, salt=None, info=b"hushbeam: key id, version 1").derive(key)
    return name.hex().encode()
