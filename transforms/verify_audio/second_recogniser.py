"""Second recogniser: a speech engine that transcribes only the requested parts of a recording."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np

from hushbeam.schemas.languages import UNDETERMINED
from hushbeam.schemas.spans import TimeSpan, merged
from hushbeam.schemas.transcript import Transcript
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.recogniser_audio import recogniser_blocks
from hushbeam.transforms.media.samples import RECOGNISER_RATE_HZ, FloatSamples
from hushbeam.transforms.transcribe.engine import SpeechEngine, SpeechJob
from hushbeam.transforms.transcribe.settings import TranscriptionSettings

Ranges = tuple[TimeSpan, ...]
"""Speech, ordered by channel and start; those of one channel are apart."""

_TO_THE_PAUSE_S = 2.0
"""A range is extended to a pause that is this near to its edge: half a word is recognised as another word."""

_AFTER_S = 1.0
"""Seconds of the file that are decoded beyond the transcribed ranges, for resampling and the margins of words."""

_TONE_REACH = RECOGNISER_RATE_HZ // 50
"""Samples on each side over which a tone is averaged."""


class TranscribeParts(Protocol):
    """Transcribes parts of a local file."""

    def __call__(self, path: str | Path, ranges: Ranges | None) -> Transcript:
        """The words in the ranges, or in the whole file if `ranges` is None; their times are those of the recording."""


class SecondRecogniser:
    """A speech engine for verification. Several threads may call it, which fills the engine's batches.

    Args:
      settings: The recogniser's settings.
      other_languages: The model for languages that the first does not know. It is loaded when a recording needs it.
      limits: Limits on decoding.
    """

    def __init__(self, settings: TranscriptionSettings, other_languages: str, limits: MediaLimits) -> None:
        self._limits = limits
        self._engine = SpeechEngine(settings)
        self._other = SpeechEngine(settings.model_copy(update={"model": other_languages}))

    def load(self) -> None:
        """Loads the recogniser's model.

        Raises:
          ConfigurationError: See `hushbeam.transforms.transcribe.model.load`.
        """
        self._engine.load()

    def close(self) -> None:
        """Closes the engines."""
        self._engine.close()
        self._other.close()

    def identity(self, language: str) -> str:
        """The identity of the model for recordings in a language."""
        return self._engine_for(language).model_identity

    def transcribe_parts(
        self,
        path: str | Path,
        ranges: Ranges | None,
        *,
        language: str,
        mix: bool,
        tone_hz: float | None,
        progress: Callable[[float], None] | None = None,
    ) -> Transcript:
        """The words in parts of a file.

        Args:
          ranges: The speech to transcribe; None searches the whole file for speech.
          language: As the first recogniser determined it.
          mix: Whether the channels are transcribed as one.
          progress: As in `SpeechJob`.
          tone_hz: A tone to remove first, if any: recognisers take tones for speech, at several times the cost.

        Raises:
          MediaError: The file cannot be decoded.
          TranscriptionError: No model knows the language.
        """
        end_s = None if ranges is None else max((span.end_s for span in ranges), default=0.0) + _AFTER_S
        job = SpeechJob(
            Path(path).name,
            partial(_audio, recogniser_blocks(path, end_s=end_s, mix=mix, limits=self._limits), tone_hz),
            None if language == UNDETERMINED else language,
            speech=ranges,
            progress=progress,
        )
        return self._engine_for(language).submit(job).result().transcript

    def _engine_for(self, language: str) -> SpeechEngine:
        if language == UNDETERMINED or language in self._engine.languages:
            return self._engine
        self._other.load()
        return self._other


def speech_around(spans: Iterable[TimeSpan], speech: Sequence[TimeSpan], around_s: float, beside_s: float) -> Ranges:
    """The speech near muted spans.

    Args:
      spans: The muted spans.
      speech: The speech of all channels; the ranges of one channel are apart.
      around_s: How near to a span, in its own channel.
      beside_s: How near to a span, in the other channels.
    """
    muted = list(spans)
    channels = sorted({span.channel for span in speech})
    return tuple(
        TimeSpan(channel, start_s, end_s)
        for channel in channels
        for start_s, end_s in _within(
            sorted((span.start_s, span.end_s) for span in speech if span.channel == channel),
            merged(
                (span.start_s - reach_s, span.end_s + reach_s)
                for span in muted
                for reach_s in [around_s if span.channel == channel else beside_s]
            ),
        )
    )


def _within(
    phrases: Sequence[tuple[float, float]], windows: Sequence[tuple[float, float]]
) -> list[tuple[float, float]]:
    """The parts of phrases in the windows, extended to a phrase's edge if it is near. Both are ordered and apart."""
    found: list[tuple[float, float]] = []
    first = 0
    for start_s, end_s in phrases:
        while first < len(windows) and windows[first][1] <= start_s:
            first += 1
        for window_start_s, window_end_s in islice(windows, first, None):
            if window_start_s >= end_s:
                break
            part_start_s, part_end_s = max(start_s, window_start_s), min(end_s, window_end_s)
            found.append(
                (
                    start_s if part_start_s - start_s <= _TO_THE_PAUSE_S else part_start_s,
                    end_s if end_s - part_end_s <= _TO_THE_PAUSE_S else part_end_s,
                )
            )
    return merged(found)


def without_tone(blocks: Iterable[FloatSamples], tone_hz: float) -> Iterator[FloatSamples]:
    """Removes a steady tone from blocks of (channels, frames) at 16 kHz, with 25 Hz around it and nothing else.

    The tone is what remains when the samples, shifted down by its frequency, are averaged over 40 ms.
    """
    rest: FloatSamples | None = None
    position = -_TONE_REACH
    for block in _followed_by_silence(blocks, _TONE_REACH):
        before = np.zeros((block.shape[0], _TONE_REACH), np.float32) if rest is None else rest
        audio = np.concatenate((before, block), axis=1)
        count = audio.shape[1] - 2 * _TONE_REACH
        rest = audio[:, max(count, 0) :]
        if count <= 0:
            continue
        carrier = np.exp(-2j * np.pi * tone_hz / RECOGNISER_RATE_HZ * np.arange(position, position + audio.shape[1]))
        sums = np.cumsum(np.pad(audio * carrier, ((0, 0), (1, 0))), axis=1)
        mean = (sums[:, 2 * _TONE_REACH + 1 :] - sums[:, : -(2 * _TONE_REACH + 1)]) / (2 * _TONE_REACH + 1)
        centre = slice(_TONE_REACH, _TONE_REACH + count)
        tone = 2.0 * (mean * carrier[centre].conj()).real
        yield audio[:, centre] - tone.astype(np.float32)
        position += count


def _followed_by_silence(blocks: Iterable[FloatSamples], frames: int) -> Iterator[FloatSamples]:
    channels = 0
    for block in blocks:
        channels = block.shape[0]
        yield block
    if channels:
        yield np.zeros((channels, frames), np.float32)


def _audio(blocks: Iterable[FloatSamples], tone_hz: float | None) -> Iterable[FloatSamples]:
    return blocks if tone_hz is None else without_tone(blocks, tone_hz)
