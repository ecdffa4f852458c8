"""Files that only the owner of a key can read: AES-256-GCM, with keys by reference.

A sealed file is one line of text, a nonce and the encrypted content. The line names the key, without giving anything of
it away, so that keys can change: the first of the keys seals, all of them open. The content is bound to the line and to
the file's name: a file that takes the place of another does not open.
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
_HEADER_BYTES = len(_MAGIC) + 2 * _KEY_ID_BYTES + 1
_NONCE_BYTES = 12
_LEAST_SECRET_BYTES = 32


class SealedFileError(RecordingError):
    """A sealed file does not open: it is damaged, another file's, or was sealed with a key that is not given."""


class FileSealer:
    """Seals and opens files. Holds keys: it lives in the worker alone, and refuses to be pickled.

    Args:
      references: Where the keys are kept (`env:NAME`, `file:/path`): base64 of 32 random bytes or more.
      option: Names the keys in errors.
      purpose: The same secret gives different keys for different purposes.

    Raises:
      ConfigurationError: A key cannot be had, or is too short to withstand guessing.
    """

    def __init__(self, references: Sequence[str], option: str, purpose: str) -> None:
        keys = [_derived(_secret(reference, option), purpose) for reference in references]
        if not keys:
            raise ConfigurationError(f"{option}: name where the key is kept, env:NAME or file:/path")
        self._option = option
        self._ciphers = {_key_id(key): AESGCM(key) for key in keys}
        self._sealing = _key_id(keys[0])

    def seal(self, content: bytes, name: str) -> bytes:
        """The sealed file's bytes. Sealing the same twice gives different ones.

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
          SealedFileError: These are not the bytes that were sealed under that name with one of the keys.
        """
        header, rest = sealed[:_HEADER_BYTES], sealed[_HEADER_BYTES:]
        if not header.startswith(_MAGIC):
            raise SealedFileError("a file is not sealed, or by another version")
        cipher = self._ciphers.get(header[len(_MAGIC) : -1])
        if cipher is None:
            raise SealedFileError(f"a file is sealed with a key that {self._option} does not name")
        try:
            return zlib.decompress(cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], header + name.encode()))
        except (InvalidTag, ValueError, zlib.error):
            raise SealedFileError("a sealed file is damaged, or has taken the place of another") from None

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
            f"{option}: not base64 of 32 random bytes or more; make one with openssl rand -base64 32"
        )
    return secret


def _derived(secret: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=f"hushbeam: {purpose}, version 1".encode()).derive(secret)


def _key_id(key: bytes) -> bytes:
    name = HKDF(SHA256(), length=_KEY_ID_BYTES, salt=None, info=b"hushbeam: key id, version 1").derive(key)
    return name.hex().encode()
