"""Encoders of Whisper models: CTranslate2's own, and one in PyTorch that uses a GPU better."""

from hushbeam.transforms.transcribe.encoder.choice import Encoder, encoder_of

__all__ = ["Encoder", "encoder_of"]
