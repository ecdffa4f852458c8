"""Waveform peaks of recordings, so that the page can draw them without decoding."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hushbeam.transforms.base.temporary_files import TemporaryFolder
from hushbeam.transforms.media.decode import Decoder
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.samples import to_float
from hushbeam.transforms.storage import files

POINTS_EACH_SECOND = 50
"""A span's ends move by 50 ms; an hour of two channels is 360,000 numbers."""

_DIGITS = 3


class PeakStore:
    """Peaks of recordings, computed at the first request and cached in a local folder.

    They come from published recordings only, so they reveal nothing else.

    Args:
      limits: Limits of the decoder.
    """

    def __init__(self, folder: Path, limits: MediaLimits) -> None:
        self._folder = folder
        self._limits = limits

    def peaks(self, url: str) -> bytes:
        """JSON: {"duration_s": …, "peaks": [[loudest of each fiftieth of a second], … by channel]}."""
        identity = files.stat(url)
        name = hashlib.sha256(repr((identity, POINTS_EACH_SECOND)).encode()).hexdigest()
        kept = self._folder / f"{name}.json"
        if kept.is_file():
            return kept.read_bytes()
        with TemporaryFolder() as folder:
            made = json.dumps(outline(files.fetch(url, folder), self._limits), separators=(",", ":")).encode()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.write_bytes(str(kept), made)  # atomically: the page may read it while the background task writes it
        return made


def outline(path: Path, limits: MediaLimits) -> dict[str, object]:
    """Decodes a recording once and keeps the loudest sample of each fiftieth of a second.

    Raises:
      MediaError: The recording is incomplete, or exceeds the limits.
    """
    with Decoder(path, limits) as decoder:
        rate = decoder.info.sample_rate_hz
        step = max(1, round(rate / POINTS_EACH_SECOND))
        collected = _Loudest(decoder.info.channels, step)
        for block in decoder.blocks():
            collected.add(np.abs(to_float(block)))
        peaks = collected.finish()
        return {
            "duration_s": decoder.identity.frames / rate,
            "points_each_second": rate / step,
            "peaks": np.round(peaks, _DIGITS).tolist(),
        }


class _Loudest:
    """Maximum of each `step` frames, independent of the size of the blocks."""

    def __init__(self, channels: int, step: int) -> None:
        self._step = step
        self._rest: NDArray[np.float32] = np.zeros((channels, 0), np.float32)
        self._parts: list[NDArray[np.float32]] = []

    def add(self, loudness: NDArray[np.float32]) -> None:
        frames = np.concatenate([self._rest, loudness], axis=1)
        whole = frames.shape[1] // self._step
        used = frames[:, : whole * self._step]
        self._parts.append(used.reshape(len(frames), whole, self._step).max(axis=2, initial=0.0))
        self._rest = frames[:, whole * self._step :]

    def finish(self) -> NDArray[np.float32]:
        if self._rest.shape[1]:
            self._parts.append(self._rest.max(axis=1, keepdims=True))
        return np.concatenate(self._parts, axis=1) if self._parts else self._rest
