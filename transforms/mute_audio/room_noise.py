"""Noise that resembles the quiet moments of a recording and contains nothing of the replaced audio.

Only frames outside the muted ranges are measured, and of those only the quietest. One coarse spectrum is kept for each
channel; the noise is made from that spectrum and a fixed seed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hushbeam.schemas.spans import TimeSpan
from hushbeam.transforms.media.samples import Samples, to_float

FRAME = 512
"""Samples in a measured frame and in a grain of noise; grains overlap by half."""

BANDS = 32
"""Bands in the kept spectrum: too few to hold a voice."""

QUIET_SHARE = 0.1
"""The quietest tenth of the frames counts as room noise."""

GUARD_S = 0.1
"""Frames this close to a muted range are not measured."""

FLOOR_DB = -72.0
"""Level of the noise, relative to full scale, if a recording holds only digital silence."""

CEILING_DB = -30.0
"""The noise is never louder: a recording without a pause must not make noise as loud as speech."""

_HOP = FRAME // 2
_WINDOW = np.sqrt(np.hanning(FRAME + 1)[:FRAME])
_BINS = FRAME // 2 + 1
_LEVELS = 120


class RoomNoise:
    """Endless noise for each channel, addressed by absolute frame.

    Args:
      spectra: The noise's power in each bin, of shape (channels, bins).
    """

    def __init__(self, spectra: NDArray[np.float64]) -> None:
        self._amplitudes = np.sqrt(spectra)

    @classmethod
    def measured(cls, blocks: Iterable[Samples], rate_hz: int, muted: Sequence[TimeSpan]) -> Self:
        """Measures the quiet moments of a recording outside the muted ranges, in one pass and little memory."""
        histogram: _SpectraByLoudness | None = None
        position = 0
        rest: Samples | None = None
        for block in blocks:
            histogram = histogram or _SpectraByLoudness(block.shape[0], rate_hz, muted)
            joined = block if rest is None else np.concatenate([rest, block], axis=1)
            whole = joined.shape[1] // FRAME * FRAME
            histogram.add(to_float(joined[:, :whole]), position)
            position += whole
            rest = joined[:, whole:]
        if histogram is None:
            raise ValueError("a recording without samples has no room noise")
        return cls(histogram.spectra())

    def between(self, channel: int, first: int, last: int) -> NDArray[np.float64]:
        """The noise of one channel at absolute frames `first` to `last`, in -1 to 1."""
        grains = range(first // _HOP - 1, (last - 1) // _HOP + 1)
        noise = np.zeros(len(grains) * _HOP + _HOP)
        for index, grain in enumerate(grains):
            noise[index * _HOP : index * _HOP + FRAME] += self._grain(channel, grain)
        offset = first - grains.start * _HOP
        return np.clip(noise[offset : offset + last - first], -1.0, 1.0)

    def _grain(self, channel: int, index: int) -> NDArray[np.float64]:
        # The generator is counter-based: a grain depends only on its position, so blocks may be cut anywhere.
        random = np.random.Generator(np.random.Philox(key=channel, counter=[0, 0, 0, index + 1]))
        phases = np.exp(2j * np.pi * random.random(_BINS))
        amplitudes = self._amplitudes[channel] * np.sqrt(-np.log1p(-random.random(_BINS)))
        grain: NDArray[np.float64] = np.fft.irfft(amplitudes * phases, FRAME) * _WINDOW
        return grain


class _SpectraByLoudness:
    """Mean spectra in a histogram of one-decibel steps, so that the quietest tenth is known at the end."""

    def __init__(self, channels: int, rate_hz: int, muted: Sequence[TimeSpan]) -> None:
        self._rate_hz = rate_hz
        self._muted = [
            np.array([(s.start_s - GUARD_S, s.end_s + GUARD_S) for s in muted if s.channel == channel]).reshape(-1, 2)
            for channel in range(channels)
        ]
        self._counts = np.zeros((channels, _LEVELS), np.int64)
        self._power = np.zeros((channels, _LEVELS, _BINS))

    def add(self, samples: NDArray[np.float32], position: int) -> None:
        for channel, channel_samples in enumerate(samples):
            frames = channel_samples.reshape(-1, FRAME).astype(np.float64)
            starts = (position + np.arange(len(frames)) * FRAME) / self._rate_hz
            power = np.mean(frames**2, axis=1)
            usable = (power > 0) & ~self._is_muted(channel, starts)
            if not usable.any():
                continue
            levels = np.clip(-10 * np.log10(power[usable]), 0, _LEVELS - 1).astype(int)
            spectra = np.abs(np.fft.rfft(frames[usable] * _WINDOW, axis=1)) ** 2 / np.mean(_WINDOW**2)
            np.add.at(self._counts[channel], levels, 1)
            np.add.at(self._power[channel], levels, spectra)

    def _is_muted(self, channel: int, starts: NDArray[np.float64]) -> NDArray[np.bool_]:
        spans = self._muted[channel]
        ends = starts + FRAME / self._rate_hz
        muted: NDArray[np.bool_] = np.any(
            (starts[:, np.newaxis] < spans[:, 1]) & (ends[:, np.newaxis] > spans[:, 0]), axis=1
        )
        return muted

    def spectra(self) -> NDArray[np.float64]:
        return np.array([self._spectrum(channel) for channel in range(len(self._counts))])

    def _spectrum(self, channel: int) -> NDArray[np.float64]:
        """The mean spectrum of the quietest frames, in broad bands, between the floor and the ceiling."""
        flat = np.full(_BINS, _power_of(FLOOR_DB))
        counts = self._counts[channel]
        quietest = np.arange(_LEVELS)[::-1]
        before = np.cumsum(counts[quietest]) - counts[quietest]
        chosen = quietest[before < QUIET_SHARE * counts.sum()]
        if counts[chosen].sum() == 0:
            return flat
        mean = self._power[channel, chosen].sum(axis=0) / counts[chosen].sum()
        smooth = np.concatenate([np.full(len(band), band.mean()) for band in np.array_split(mean, BANDS)])
        loudest = _power_of(CEILING_DB)
        bounded: NDArray[np.float64] = smooth * min(1.0, loudest / smooth.mean())
        return bounded


def _power_of(level_db: float) -> float:
    """The power in each bin of a frame of white noise at this level."""
    return float(10 ** (level_db / 10) * FRAME)
