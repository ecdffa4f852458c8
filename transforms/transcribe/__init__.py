"""From sound to words."""

from transforms.transcribe.settings import TranscriptionSettings
from transforms.transcribe.transform import Transcribe, TranscribeSpans

__all__ = ["Transcribe", "TranscribeSpans", "TranscriptionSettings"]
