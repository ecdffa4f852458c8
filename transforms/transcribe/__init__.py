"""Transcription: recordings, or spans of them, to transcripts."""

from typing import TYPE_CHECKING

from hushbeam.transforms.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from hushbeam.transforms.transcribe.settings import TranscriptionSettings
    from hushbeam.transforms.transcribe.transform import Transcribe, TranscribeSpans

__all__ = ["Transcribe", "TranscribeSpans", "TranscriptionSettings"]

__getattr__ = lazy_exports(
    __name__,
    settings=("TranscriptionSettings",),
    transform=(
        "Transcribe",
        "TranscribeSpans",
    ),
)
