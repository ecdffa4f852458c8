"""Meters of what can still be heard in the muted ranges of a certificate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hushbeam.schemas.spans import TimeSpan, runs
from hushbeam.transforms.media.samples import RECOGNISER_RATE_HZ, FloatSamples
from hushbeam.transforms.transcribe.vad import FRAME, SpeechProbabilities

_TONE_BINS = 3
"""Bins of 31 Hz on each side of a tone over which the window spreads it."""


@dataclass(frozen=True)
class MutedRangeSettings:
    """When a muted range counts as audible.

    Attributes:
      edge_s: Ignored at both ends of a range, because of fades and of lossy codecs that smear audio into it.
      silent_db: Audio below this level, relative to full scale, cannot be understood.
      below_tone_db: Audio this far below a tone cannot be understood either: codecs leave some beside a tone.
      speech: The probability of speech from which a frame of noise counts as speech.
      least_s: Anything shorter is a click.
    """

    edge_s: float = 0.1
    silent_db: float = -50.0
    below_tone_db: float = 15.0
    speech: float = 0.5
    least_s: float = 0.1


def audible_seconds(
    blocks: Iterable[FloatSamples], muted: Sequence[TimeSpan], method: str, settings: MutedRangeSettings
) -> float:
    """Seconds of muted ranges in which something can be heard, summed over the channels.

    Args:
      blocks: The redacted recording, of shape (channels, frames) at 16 kHz.
      method: The method of muting: `silence`, `tone` or `noise`.
    """
    meter_for: dict[str, Callable[[MutedRangeSettings], _Meter]] = {
        "silence": _Silence,
        "tone": _Tone,
        "noise": _Noise,
    }
    meters: list[_Meter] = []
    for block, inside in _with_mask(_in_frames(blocks), muted, settings.edge_s):
        if not meters:
            meters = [meter_for[method](settings) for _ in block]
        for meter, samples, mask in zip(meters, block, inside, strict=True):
            meter.measure(samples, mask)
    return sum(meter.audible_s() for meter in meters)


class _Meter(ABC):
    """Marks the frames of one channel inside muted ranges in which something can be heard."""

    def __init__(self, settings: MutedRangeSettings) -> None:
        self._settings = settings
        self._marked: list[NDArray[np.bool_]] = []

    def measure(self, samples: FloatSamples, inside: NDArray[np.bool_]) -> None:
        """Takes the next samples, in whole frames."""
        self._marked.append(self._audible(samples) & inside.reshape(-1, FRAME).all(axis=1))

    def audible_s(self) -> float:
        """Seconds in which something can be heard, after the last samples."""
        return _long_runs_s(np.concatenate(self._marked), self._settings.least_s)

    @abstractmethod
    def _audible(self, samples: FloatSamples) -> NDArray[np.bool_]:
        """For each frame, whether it contains more than the method of muting produces."""


class _Silence(_Meter):
    def _audible(self, samples: FloatSamples) -> NDArray[np.bool_]:
        power = (samples.reshape(-1, FRAME).astype(np.float64) ** 2).mean(axis=1)
        audible: NDArray[np.bool_] = _db(power) > self._settings.silent_db
        return audible


class _Tone(_Meter):
    """Measures the audio beside the strongest frequency: voice activity detectors take tones for speech."""

    def _audible(self, samples: FloatSamples) -> NDArray[np.bool_]:
        window = np.hanning(FRAME)
        spectrum = np.abs(np.fft.rfft(samples.reshape(-1, FRAME) * window)) ** 2 / (FRAME * (window**2).sum() / 2)
        near_peak = np.abs(np.arange(spectrum.shape[1]) - spectrum.argmax(axis=1)[:, None]) <= _TONE_BINS
        tone = _db((spectrum * near_peak).sum(axis=1))
        rest = _db((spectrum * ~near_peak).sum(axis=1))
        audible: NDArray[np.bool_] = rest > np.maximum(self._settings.silent_db, tone - self._settings.below_tone_db)
        return audible


class _Noise(_Meter):
    def __init__(self, settings: MutedRangeSettings) -> None:
        super().__init__(settings)
        self._detector = SpeechProbabilities()

    def _audible(self, samples: FloatSamples) -> NDArray[np.bool_]:
        return self._detector.feed(samples) > self._settings.speech


def _db(power: NDArray[np.float64]) -> NDArray[np.float64]:
    decibels: NDArray[np.float64] = 10.0 * np.log10(power + 1e-12)
    return decibels


def _in_frames(blocks: Iterable[FloatSamples]) -> Iterator[FloatSamples]:
    """The same samples in blocks of whole frames; the last is filled up with silence."""
    rest: FloatSamples | None = None
    for block in blocks:
        joined = block if rest is None else np.concatenate((rest, block), axis=1)
        whole = joined.shape[1] // FRAME * FRAME
        rest = joined[:, whole:]
        if whole:
            yield joined[:, :whole]
    if rest is not None and rest.shape[1]:
        yield np.pad(rest, ((0, 0), (0, FRAME - rest.shape[1])))


def _with_mask(
    blocks: Iterable[FloatSamples], muted: Sequence[TimeSpan], edge_s: float
) -> Iterator[tuple[FloatSamples, NDArray[np.bool_]]]:
    """Each block, and which of its samples lie inside muted ranges."""
    position = 0
    for block in blocks:
        inside = np.zeros(block.shape, bool)
        for span in muted:
            first = round((span.start_s + edge_s) * RECOGNISER_RATE_HZ) - position
            last = round((span.end_s - edge_s) * RECOGNISER_RATE_HZ) - position
            if last > 0 and first < block.shape[1] and span.channel < block.shape[0]:
                inside[span.channel, max(0, first) : max(0, last)] = True
        yield block, inside
        position += block.shape[1]


def _long_runs_s(marked: NDArray[np.bool_], least_s: float) -> float:
    """Seconds in runs of marked frames that last at least `least_s`."""
    lengths_s = ((end - start) * FRAME / RECOGNISER_RATE_HZ for start, end in runs(marked))
    return sum(length_s for length_s in lengths_s if length_s >= least_s)
