"""From sound to words."""

from hushbeam.transforms.transcribe.settings import TranscriptionSettings
from hushbeam.transforms.transcribe.transform import Transcribe, TranscribeSpans

__all__ = ["Transcribe", "TranscribeSpans", "TranscriptionSettings"]
