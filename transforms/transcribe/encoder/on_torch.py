"""Whisper's encoder in PyTorch.

CTranslate2 has no fused attention for this encoder, and uses about a tenth of what a large GPU can do with
large-v3-turbo. Here attention is PyTorch's `scaled_dot_product_attention`, the layer is compiled, and the weights are
those of the same `model.bin`. Text and word times are CTranslate2's in either case.
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
from numpy.typing import NDArray

from hushbeam.schemas.errors import ConfigurationError, installs
from hushbeam.transforms.transcribe.encoder.weights import encoder_weights

_PRECISIONS = {
    "float16": "float16",
    "int8_float16": "float16",
    "float32": "float32",
    "int8_float32": "float32",
    "int8": "float32",
}
"""PyTorch's type by CTranslate2's compute type. On a GPU, plain `int8` computes in float16 where that is fast."""

_NORM_EPSILON = 1e-5

_LAYER = (
    "self_attention/layer_norm/gamma",
    "self_attention/layer_norm/beta",
    "self_attention/linear_0/weight",
    "self_attention/linear_0/bias",
    "self_attention/linear_1/weight",
    "self_attention/linear_1/bias",
    "ffn/layer_norm/gamma",
    "ffn/layer_norm/beta",
    "ffn/linear_0/weight",
    "ffn/linear_0/bias",
    "ffn/linear_1/weight",
    "ffn/linear_1/bias",
)


def can_use(device: str, compute_type: str) -> bool:
    """Whether PyTorch is installed for this device, and can compute in a type that CTranslate2's decoder takes."""
    if _precision(device, compute_type) is None or importlib.util.find_spec("torch") is None:
        return False
    import torch  # noqa: PLC0415

    return device == "cpu" or torch.cuda.is_available()


class TorchEncoder:
    """See `Encoder`. On a GPU, the first batches wait until the layer is compiled.

    Args:
      weights: `model.bin` of a Whisper model for CTranslate2.
      compiled: Whether to compile the layer; None: on a GPU only.

    Raises:
      ConfigurationError: PyTorch is missing, does not see the device, or cannot compute in this type; or the weights
        cannot be read.
    """

    def __init__(self, weights: Path, device: str, compute_type: str, *, compiled: bool | None = None) -> None:
        precision = _precision(device, compute_type)
        if precision is None:
            raise ConfigurationError(
                f"--encoder: torch does not compute in {compute_type} on {device}; use ctranslate2"
            )
        if not can_use(device, compute_type):
            raise ConfigurationError(
                f"--encoder: torch needs PyTorch for {device}, which is not installed; use ctranslate2, or "
                f"{installs('torch')}"
            )
        import torch  # noqa: PLC0415

        self._torch = torch
        self._device = torch.device(device)
        self._type = getattr(torch, precision)
        stored = encoder_weights(weights)
        try:
            self._read(stored)
        except KeyError as error:
            raise ConfigurationError(
                f"--encoder: torch does not know the model in {weights}: it lacks {error}; use ctranslate2"
            ) from None
        layer: Callable[..., Any] = _layer
        if compiled or (compiled is None and device == "cuda"):
            # One program for all layers, and for batches of any size and length.
            layer = torch.compile(_layer, dynamic=True)
        self._layer = layer
        # PyTorch compiles where it is first called, and does not do so in several threads at once.
        self._compiling = threading.Lock()
        self._is_compiled = layer is _layer

    def _read(self, stored: Mapping[str, NDArray[np.float32]]) -> None:
        def placed(name: str) -> Any:
            return self._torch.tensor(stored[name]).to(self._device, self._type)

        self._convolutions = [
            (placed(f"conv{number}/weight"), placed(f"conv{number}/bias"), stride)
            for number, stride in ((1, 1), (2, 2))
        ]
        self._positions = placed("position_encodings/encodings")
        self._norm = placed("layer_norm/gamma"), placed("layer_norm/beta")
        self._heads = int(stored["num_heads"])
        number = sum(name.endswith(_LAYER[0]) for name in stored)
        self._layers = [[placed(f"layer_{index}/{name}") for name in _LAYER] for index in range(number)]

    def __call__(self, features: NDArray[np.float32]) -> ctranslate2.StorageView:
        torch = self._torch
        with torch.inference_mode():
            hidden = torch.from_numpy(features).to(self._device, self._type)
            for weight, bias, stride in self._convolutions:
                hidden = torch.nn.functional.conv1d(hidden, weight, bias, stride=stride, padding=1)
                hidden = torch.nn.functional.gelu(hidden)
            hidden = hidden.transpose(1, 2)
            hidden = (hidden + self._positions[: hidden.shape[1]]).contiguous()
            if self._is_compiled:
                hidden = self._through_layers(hidden)
            else:
                with self._compiling:
                    hidden = self._through_layers(hidden)
                    self._is_compiled = True
            hidden = torch.nn.functional.layer_norm(hidden, hidden.shape[-1:], *self._norm, _NORM_EPSILON)
        if self._device.type == "cpu":
            return ctranslate2.StorageView.from_array(np.ascontiguousarray(hidden.numpy()))
        # CTranslate2 reads on a stream of its own: what it gets must be there.
        torch.cuda.current_stream().synchronize()
        return ctranslate2.StorageView.from_array(hidden.contiguous())

    def _through_layers(self, hidden: Any) -> Any:
        for weights in self._layers:
            hidden = self._layer(hidden, self._heads, weights)
        return hidden


def _layer(hidden: Any, heads: int, weights: Sequence[Any]) -> Any:
    """One layer, on (windows, frames, width): attention, then two linear layers, each added to what came in.

    Args:
      weights: In the order of `_LAYER`.
    """
    from torch.nn import functional  # noqa: PLC0415

    gain_1, shift_1, into, into_bias, out, out_bias, gain_2, shift_2, wide, wide_bias, narrow, narrow_bias = weights
    windows, frames, width = hidden.shape
    normal = functional.layer_norm(hidden, (width,), gain_1, shift_1, _NORM_EPSILON)
    # Query, key and value were joined into one matrix.
    split = functional.linear(normal, into, into_bias).view(windows, frames, 3, heads, width // heads)
    query, key, value = split.permute(2, 0, 3, 1, 4).unbind(0)
    attended = functional.scaled_dot_product_attention(query, key, value)
    hidden = hidden + functional.linear(attended.transpose(1, 2).reshape(windows, frames, width), out, out_bias)
    normal = functional.layer_norm(hidden, (width,), gain_2, shift_2, _NORM_EPSILON)
    return hidden + functional.linear(functional.gelu(functional.linear(normal, wide, wide_bias)), narrow, narrow_bias)


def _precision(device: str, compute_type: str) -> str | None:
    if device == "cuda" and compute_type == "int8":
        return None
    return _PRECISIONS.get(compute_type)
