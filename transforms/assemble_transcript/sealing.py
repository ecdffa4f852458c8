"""Encryption of transcribed spans while they travel between workers."""

from __future__ import annotations

import json
from dataclasses import asdict

from hushbeam.schemas.media import MediaInfo
from hushbeam.schemas.stages import SealedSpan, SpanToTranscribe, TranscribedSpan
from hushbeam.schemas.transcript import Transcript
from hushbeam.transforms.base.sealing import FileSealer, SealedFileError

_OPTION = "--shuffle_key"
_PURPOSE = "words of spans"


class SealBrokenError(Exception):
    """Sealed words do not open: another key sealed them, or they were changed on the way. Ends the job."""


class SpanSealer:
    """Seals and opens spans. Holds the key, so it stays in its worker.

    A sealed span is bound to its recording, its output and its place among the recording's spans.

    Args:
      reference: Where the key is kept, as for sealed files: base64 of 32 random bytes or more.

    Raises:
      ConfigurationError: The key cannot be read, or is not such a key.
    """

    def __init__(self, reference: str) -> None:
        self._sealer = FileSealer([reference], _OPTION, _PURPOSE)

    def seal(self, transcribed: TranscribedSpan) -> SealedSpan:
        """Encrypts a span's transcript. Sealing the same span twice gives different bytes."""
        content = {"transcript": transcribed.transcript.to_dict(), "media": asdict(transcribed.media)}
        span = transcribed.span
        return SealedSpan(span, self._sealer.seal(json.dumps(content).encode(), _place_of(span)))

    def open(self, sealed: SealedSpan) -> TranscribedSpan:
        """The inverse of `seal`.

        Raises:
          SealBrokenError: The bytes are not those that were sealed for this span with this key.
        """
        try:
            content = json.loads(self._sealer.open(sealed.sealed, _place_of(sealed.span)))
        except SealedFileError:
            raise SealBrokenError(f"the words of a span do not open: do all workers have the same {_OPTION}?") from None
        return TranscribedSpan(sealed.span, Transcript.from_dict(content["transcript"]), MediaInfo(**content["media"]))


def _place_of(span: SpanToTranscribe) -> str:
    return json.dumps(
        [span.recording_id, span.pending.output_identity, span.number, span.count, span.start_s, span.end_s]
    )
