"""Transcription: recordings, or spans of them, to transcripts."""

from hushbeam.transforms.transcribe.settings import TranscriptionSettings
from hushbeam.transforms.transcribe.transform import Transcribe, TranscribeSpans

__all__ = ["Transcribe", "TranscribeSpans", "TranscriptionSettings"]
