"""CTranslate2's own encoder."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from typing import Any

import ctranslate2
import numpy as np
from numpy.typing import NDArray

_LONG_CONTEXT = 2400
_ENCODING_LONG = threading.Lock()
"""Attention over more frames takes up to 130 MiB while a window is encoded: on a CPU one such window at a time."""


class CTranslate2Encoder:
    """See `Encoder`."""

    def __init__(self, whisper: Any, device: str) -> None:
        self._whisper = whisper
        self._device = device

    def __call__(self, features: NDArray[np.float32]) -> ctranslate2.StorageView:
        if self._device == "cuda":
            return self._whisper.encode(ctranslate2.StorageView.from_array(features))
        # On a CPU the attention of one window fits the cache and that of a batch does not: one by one is twice as fast.
        encoded = [self._alone(window) for window in features[:, np.newaxis]]
        return ctranslate2.StorageView.from_array(np.concatenate(encoded))

    def _alone(self, window: NDArray[np.float32]) -> NDArray[np.float32]:
        with _ENCODING_LONG if window.shape[-1] > _LONG_CONTEXT else nullcontext():
            return np.array(self._whisper.encode(ctranslate2.StorageView.from_array(window)))
