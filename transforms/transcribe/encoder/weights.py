"""Reader of CTranslate2's `model.bin`, version 6: the encoder's weights as float arrays.

The file is a header (version, name and revision of the model's specification), then variables (name, shape, type,
bytes), then aliases (name, name of the variable that has the same numbers). A text is two bytes of length and as many
bytes, the last of which is zero. All numbers are little-endian. Source: `ctranslate2/specs/model_spec.py`.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hushbeam.schemas.errors import ConfigurationError

_VERSION = 6
_SPECIFICATION = "WhisperSpec"
_BFLOAT16 = 5
_TYPES: Mapping[int, np.dtype[Any]] = {
    0: np.dtype("<f4"),
    1: np.dtype("i1"),
    2: np.dtype("<i2"),
    3: np.dtype("<i4"),
    4: np.dtype("<f2"),
    _BFLOAT16: np.dtype("<u2"),
}
_ENCODER = "encoder/"
_SCALE = "_scale"


class _Place(NamedTuple):
    """Where the bytes of a variable lie in the file, and what they are."""

    start: int
    shape: tuple[int, ...]
    kind: int
    size: int


def encoder_weights(path: Path) -> dict[str, NDArray[np.float32]]:
    """Reads the variables below `encoder/`, without that prefix.

    Quantised weights are given as the numbers that they stand for.

    Raises:
      ConfigurationError: The file is no Whisper model of this version, or is cut short.
    """
    try:
        with path.open("rb") as file:
            stored = _encoder_variables(file)
    except (struct.error, ValueError, KeyError, UnicodeDecodeError):
        raise _unreadable(path) from None
    weights = {}
    for name, values in stored.items():
        if name.endswith(_SCALE):
            continue
        scale = stored.get(name + _SCALE)
        if scale is not None:
            # One scale for each row, or for all.
            rows = scale.astype(np.float32).reshape(-1, *[1] * (values.ndim - 1))
            values = values.astype(np.float32) / rows  # noqa: PLW2901
        weights[name] = np.asarray(values, np.float32)
    return weights


def _encoder_variables(file: BinaryIO) -> dict[str, NDArray[Any]]:
    (version,) = _unpacked(file, "<I")
    name = _text(file)
    _revision, number = _unpacked(file, "<II")
    if (version, name) != (_VERSION, _SPECIFICATION):
        raise ValueError
    places: dict[str, _Place] = {}
    for _ in range(number):
        name = _text(file)
        (rank,) = _unpacked(file, "<B")
        shape = _unpacked(file, f"<{rank}I")
        kind, size = _unpacked(file, "<BI")
        places[name] = _Place(file.tell(), shape, kind, size)
        file.seek(size, 1)
    (number,) = _unpacked(file, "<I")
    for _ in range(number):
        alias, name = _text(file), _text(file)
        places[alias] = places[name]
        if name + _SCALE in places:
            places[alias + _SCALE] = places[name + _SCALE]
    return {
        name.removeprefix(_ENCODER): _values(file, place) for name, place in places.items() if name.startswith(_ENCODER)
    }


def _values(file: BinaryIO, place: _Place) -> NDArray[Any]:
    file.seek(place.start)
    values = np.frombuffer(_read(file, place.size), _TYPES[place.kind]).reshape(place.shape)
    # The upper half of a float32.
    return (values.astype(np.uint32) << 16).view(np.float32) if place.kind == _BFLOAT16 else values


def _text(file: BinaryIO) -> str:
    (length,) = _unpacked(file, "<H")
    return _read(file, length).rstrip(b"\0").decode("ascii")


def _unpacked(file: BinaryIO, layout: str) -> tuple[int, ...]:
    return struct.unpack(layout, _read(file, struct.calcsize(layout)))


def _read(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise ValueError
    return data


def _unreadable(path: Path) -> ConfigurationError:
    return ConfigurationError(
        f"--encoder: torch reads Whisper models for CTranslate2 of version {_VERSION} only, and {path} is none; use "
        "ctranslate2"
    )
