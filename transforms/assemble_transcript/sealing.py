"""Raw words between workers: encrypted, and bound to where they belong."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hushbeam.schemas.media import MediaInfo
from hushbeam.schemas.stages import SealedSpan, SpanToTranscribe, TranscribedSpan
from hushbeam.schemas.transcript import Transcript

_NONCE_BYTES = 12
_PURPOSE = b"hushbeam: words of spans, version 1\0"


class SealBrokenError(Exception):
    """Sealed words do not open: another key, or they were changed on the way. Ends the job: nothing can be trusted."""


class Sealer:
    """Seals and opens spans with one key, AES-256-GCM. Lives in the worker alone."""

    def __init__(self, secret: str) -> None:
        self._cipher = AESGCM(hashlib.sha256(_PURPOSE + secret.encode()).digest())

    def seal(self, transcribed: TranscribedSpan) -> SealedSpan:
        """Encrypts what was heard. Sealing the same twice gives different bytes."""
        words = {"transcript": transcribed.transcript.to_dict(), "media": asdict(transcribed.media)}
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, json.dumps(words).encode(), _belonging(transcribed.span))
        return SealedSpan(transcribed.span, nonce + sealed)

    def open(self, sealed: SealedSpan) -> TranscribedSpan:
        """The inverse of `seal`.

        Raises:
          SealBrokenError: The words are not those that were sealed for this span of this output.
        """
        nonce, content = sealed.sealed[:_NONCE_BYTES], sealed.sealed[_NONCE_BYTES:]
        try:
            words = json.loads(self._cipher.decrypt(nonce, content, _belonging(sealed.span)))
        except InvalidTag:
            raise SealBrokenError(
                "The words of a span do not open: do all workers have the same --shuffle_key?"
            ) from None
        return TranscribedSpan(sealed.span, Transcript.from_dict(words["transcript"]), MediaInfo(**words["media"]))


def _belonging(span: SpanToTranscribe) -> bytes:
    place = [span.recording_id, span.pending.output_identity, span.number, span.count, span.start_s, span.end_s]
    return json.dumps(place).encode()
