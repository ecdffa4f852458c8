"""Given transcripts: words that another service recognised, instead of transcription."""

from hushbeam.transforms.transcribe.given.read import read_given

__all__ = ["read_given"]
