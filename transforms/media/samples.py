"""Arrays of decoded audio: native samples, float samples, and conversion between them."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Samples: TypeAlias = NDArray[Any]
"""Native samples, in the type that the decoder gives, of shape (channels, frames)."""

FloatSamples: TypeAlias = NDArray[np.float32]
"""Samples in -1 to 1, of shape (channels, frames), or (frames,) for one channel."""

RECOGNISER_RATE_HZ = 16_000
"""The sample rate of speech recognisers and voice activity detectors."""

_FULL_SCALE = {"uint8": 128.0, "int16": 32768.0, "int32": 2147483648.0, "float32": 1.0, "float64": 1.0}

SAMPLE_TYPES = frozenset(_FULL_SCALE)
"""numpy's names of the types of native samples."""

MOST_PLANES = 7
"""Most channels of a planar frame for PyAV: it looks for an end mark after the last plane, and FFmpeg's list has eight
places, so with eight channels or more PyAV reads beyond the list."""


def to_float(samples: Samples) -> FloatSamples:
    """Native samples as float32 in -1 to 1."""
    scale = _FULL_SCALE[samples.dtype.name]
    if samples.dtype == np.uint8:
        return ((samples.astype(np.float32) - 128.0) / scale).astype(np.float32)
    return (samples / np.float32(scale)).astype(np.float32)


def from_float(values: NDArray[np.floating[Any]], dtype: np.dtype[Any]) -> Samples:
    """Values in -1 to 1 as native samples: rounded, and limited to what the type holds."""
    scale = _FULL_SCALE[dtype.name]
    if np.issubdtype(dtype, np.floating):
        return values.astype(dtype)
    offset = 128.0 if dtype == np.uint8 else 0.0
    limits = np.iinfo(dtype)
    return np.clip(np.rint(values.astype(np.float64) * scale + offset), limits.min, limits.max).astype(dtype)
