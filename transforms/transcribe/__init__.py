"""From sound to words."""

from transforms.transcribe.settings import TranscriptionSettings
from transforms.transcribe.transform import Transcribe

__all__ = ["Transcribe", "TranscriptionSettings"]
