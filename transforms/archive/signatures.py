"""Ed25519 signatures over canonical JSON, as plain values for JSON."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_ALGORITHM = "ed25519"


class SignatureError(Exception):
    """Content that is not signed, differs from what was signed, or was signed with another key."""


def canonical_json(values: Mapping[str, Any]) -> bytes:
    """The same bytes for the same values: sorted keys, no white space, UTF-8."""
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def signature_of(content: bytes, key: Ed25519PrivateKey) -> dict[str, str]:
    """A signature, with the fingerprint of its key."""
    return {
        "algorithm": _ALGORITHM,
        "key": key_fingerprint(key.public_key()),
        "value": base64.b64encode(key.sign(content)).decode(),
    }


def check(content: bytes, signature: object, key: Ed25519PublicKey) -> None:
    """Checks that the owner of the key signed this content.

    Raises:
      SignatureError: There is no signature, or it is of other content or another key.
    """
    if not isinstance(signature, Mapping) or signature.get("algorithm") != _ALGORITHM:
        raise SignatureError("not signed")
    if signature.get("key") != key_fingerprint(key):
        raise SignatureError("signed with another key")
    try:
        key.verify(base64.b64decode(str(signature.get("value")), validate=True), content)
    except (InvalidSignature, ValueError):
        raise SignatureError("not what was signed") from None


def key_fingerprint(key: Ed25519PublicKey) -> str:
    """The fingerprint of a public key."""
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()
