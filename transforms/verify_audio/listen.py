"""The second recogniser: listens to parts of a recording, and hears nothing of the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from schemas.transcript import TimeSpan, Transcript
from transforms.media.hear import HEARING_RATE_HZ, hear_blocks
from transforms.media.limits import MediaLimits
from transforms.transcribe.engine import SpeechEngine, SpeechJob
from transforms.transcribe.settings import TranscriptionSettings

Samples = NDArray[np.float32]

Ranges = tuple[tuple[float, float], ...]
"""Start and end in seconds, ordered and apart, of all channels."""

_UNDETERMINED = "und"
_TONE_REACH = HEARING_RATE_HZ // 50
"""Samples to each side over which a tone is averaged."""


class Listen(Protocol):
    """Hears ranges of a local file, all channels."""

    def __call__(self, path: str | Path, ranges: Ranges) -> Transcript:
        """Words in the ranges, with times of the whole recording."""


class SecondRecogniser:
    """A speech engine that listens again. Safe to call from several threads, which fills the engine's batches.

    Args:
      settings: Of the recogniser.
      other_languages: The model for languages that the first does not know. Loaded when a recording needs it.
      limits: Of what is decoded.
    """

    def __init__(
        self, settings: TranscriptionSettings, other_languages: str, limits: MediaLimits | None = None
    ) -> None:
        self._limits = limits
        self._engine = SpeechEngine(settings)
        self._other = SpeechEngine(replace(settings, model=other_languages))

    def load(self) -> None:
        """Loads the recogniser's model.

        Raises:
          ConfigurationError: See `transforms.transcribe.model.load`.
        """
        self._engine.load()

    def close(self) -> None:
        """Ends the engines."""
        self._engine.close()
        self._other.close()

    def identity(self, language: str) -> str:
        """Of the model that listens to recordings in a language."""
        return self._engine_for(language).model_identity

    def listen(
        self, path: str | Path, ranges: Ranges, *, language: str, mix: bool = False, tone_hz: float | None = None
    ) -> Transcript:
        """Words in ranges of a file.

        Args:
          language: As the first recogniser determined it.
          mix: Whether the channels are heard as one.
          tone_hz: A tone that is not listened to: recognisers take tones for speech, at several times the cost.

        Raises:
          MediaError: The file cannot be decoded.
          TranscriptionError: No model knows the language.
        """
        blocks = partial(_only, ranges, hear_blocks(path, mix=mix, limits=self._limits), tone_hz)
        job = SpeechJob(Path(path).name, blocks, None if language == _UNDETERMINED else language)
        return self._engine_for(language).submit(job).result().transcript

    def _engine_for(self, language: str) -> SpeechEngine:
        if language == _UNDETERMINED or language in self._engine.languages:
            return self._engine
        self._other.load()
        return self._other


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


def without_tone(blocks: Iterable[Samples], tone_hz: float) -> Iterator[Samples]:
    """Blocks of (channels, frames) at 16 kHz without a steady tone; all else is as it was, but for 25 Hz around it.

    The tone is what stays when the sound, shifted down by its frequency, is averaged over 40 ms.
    """
    rest: Samples | None = None
    position = -_TONE_REACH
    for block in _followed_by_silence(blocks, _TONE_REACH):
        before = np.zeros((block.shape[0], _TONE_REACH), np.float32) if rest is None else rest
        sound = np.concatenate((before, block), axis=1)
        count = sound.shape[1] - 2 * _TONE_REACH
        rest = sound[:, max(count, 0) :]
        if count <= 0:
            continue
        carrier = np.exp(-2j * np.pi * tone_hz / HEARING_RATE_HZ * np.arange(position, position + sound.shape[1]))
        sums = np.cumsum(np.pad(sound * carrier, ((0, 0), (1, 0))), axis=1)
        mean = (sums[:, 2 * _TONE_REACH + 1 :] - sums[:, : -(2 * _TONE_REACH + 1)]) / (2 * _TONE_REACH + 1)
        centre = slice(_TONE_REACH, _TONE_REACH + count)
        tone = 2.0 * (mean * carrier[centre].conj()).real
        yield sound[:, centre] - tone.astype(np.float32)
        position += count


def _followed_by_silence(blocks: Iterable[Samples], frames: int) -> Iterator[Samples]:
    channels = 0
    for block in blocks:
        channels = block.shape[0]
        yield block
    if channels:
        yield np.zeros((channels, frames), np.float32)


def _only(ranges: Ranges, blocks: Iterable[Samples], tone_hz: float | None) -> Iterator[Samples]:
    return silence_outside(blocks if tone_hz is None else without_tone(blocks, tone_hz), ranges)
