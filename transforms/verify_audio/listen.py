"""The second recogniser: listens to parts of a recording, and hears nothing of the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from schemas.transcript import TimeSpan, Transcript
from transforms.media.hear import HEARING_RATE_HZ, hear_blocks
from transforms.transcribe.engine import SpeechEngine, SpeechJob

Samples = NDArray[np.float32]

Ranges = tuple[tuple[float, float], ...]
"""Start and end in seconds, ordered and apart, of all channels."""

_UNDETERMINED = "und"


class Listen(Protocol):
    """Hears ranges of a local file, all channels."""

    def __call__(self, path: str | Path, ranges: Ranges) -> Transcript:
        """Words in the ranges, with times of the whole recording."""


class SecondRecogniser:
    """A speech engine that listens again. Safe to call from several threads, which fills the engine's batches."""

    def __init__(self, engine: SpeechEngine) -> None:
        self._engine = engine

    @property
    def identity(self) -> str:
        """Of the model."""
        return self._engine.model_identity

    def listen(self, path: str | Path, ranges: Ranges, *, language: str, mix: bool = False) -> Transcript:
        """Words in ranges of a file.

        Args:
          language: As the first recogniser determined it.
          mix: Whether the channels are heard as one.

        Raises:
          MediaError: The file cannot be decoded.
          TranscriptionError: The model does not know the language.
        """
        blocks = partial(_only, ranges, path, mix)
        job = SpeechJob(Path(path).name, blocks, None if language == _UNDETERMINED else language)
        return self._engine.submit(job).result().transcript


def windows_around(spans: Iterable[TimeSpan], around_s: float, duration_s: float) -> Ranges:
    """Ranges, ordered and apart, that hold the spans of all channels and `around_s` before and after each."""
    windows: list[tuple[float, float]] = []
    for span in sorted(spans, key=lambda span: span.start_s):
        start_s, end_s = max(span.start_s - around_s, 0.0), min(span.end_s + around_s, duration_s)
        if windows and start_s <= windows[-1][1]:
            windows[-1] = windows[-1][0], max(windows[-1][1], end_s)
        elif end_s > start_s:
            windows.append((start_s, end_s))
    return tuple(windows)


def silence_outside(blocks: Iterable[Samples], ranges: Ranges) -> Iterator[Samples]:
    """Blocks of (channels, frames) at 16 kHz in which everything outside of the ranges is silent.

    Silence costs a recogniser next to nothing, and every word keeps its time.
    """
    position = 0
    for block in blocks:
        end = position + block.shape[1]
        audible = np.zeros(block.shape[1], bool)
        for start_s, end_s in ranges:
            first, last = round(start_s * HEARING_RATE_HZ), round(end_s * HEARING_RATE_HZ)
            audible[max(0, first - position) : max(0, min(last, end) - position)] = True
        yield block * audible
        position = end


def _only(ranges: Ranges, path: str | Path, mix: bool) -> Iterator[Samples]:
    return silence_outside(hear_blocks(path, mix=mix), ranges)
