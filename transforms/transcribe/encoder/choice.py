"""Which encoder a model gets."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import ctranslate2
import numpy as np
from numpy.typing import NDArray

from hushbeam.transforms.transcribe.encoder.on_ctranslate2 import CTranslate2Encoder
from hushbeam.transforms.transcribe.settings import EncoderName


class Encoder(Protocol):
    """Encodes batches of log-mel features. Safe to call from several threads."""

    def __call__(self, features: NDArray[np.float32]) -> ctranslate2.StorageView:
        """Encodes features of shape (windows, bands, frames) to (windows, frames / 2, width), on the model's device."""
        ...


def encoder_of(name: EncoderName, whisper: Any, weights: Path, device: str, compute_type: str) -> Encoder:
    """The encoder for a loaded model.

    `auto` is PyTorch's on a GPU where PyTorch is installed for CUDA, and CTranslate2's otherwise.

    Args:
      whisper: The model, a `ctranslate2.models.Whisper`.
      weights: Its `model.bin`.
      compute_type: CTranslate2's name.

    Raises:
      ConfigurationError: `torch` was asked for, and is missing or does not support the device or compute type.
    """
    if name == "ctranslate2" or (name == "auto" and device != "cuda"):
        return CTranslate2Encoder(whisper, device)
    # Only now: PyTorch is no requirement of the package, and takes seconds to import.
    from hushbeam.transforms.transcribe.encoder.on_torch import TorchEncoder, can_use  # noqa: PLC0415

    if name == "auto" and not can_use(device, compute_type):
        return CTranslate2Encoder(whisper, device)
    return TorchEncoder(weights, device, compute_type)
