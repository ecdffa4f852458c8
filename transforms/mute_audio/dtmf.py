"""Detector of keypad tones (DTMF), from which the digits that were typed can be decoded.

A keypad tone is two steady sines, one of each group, and nothing else: little other audio, about equal levels, no
harmonics, for at least 40 ms. Speech never has all of these properties for so long. Each frame is correlated with the
eight frequencies and their second harmonics, which is what Goertzel's algorithm computes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hushbeam.schemas.finding import Finding
from hushbeam.schemas.media import MediaInfo
from hushbeam.schemas.spans import TimeSpan
from hushbeam.transforms.media.recogniser_audio import Resampler, float_channels
from hushbeam.transforms.media.samples import RECOGNISER_RATE_HZ, FloatSamples, Samples

KEYPAD_POLICY = "dtmf"

LOW_HZ = (697.0, 770.0, 852.0, 941.0)
HIGH_HZ = (1209.0, 1336.0, 1477.0, 1633.0)

FRAME_S = 0.025
"""Long enough to tell 697 from 770 Hz, short enough to fit into the shortest tone twice over."""

HOP_S = 0.005

_SHORTEST_S = 0.04


@dataclass(frozen=True)
class ToneSettings:
    """What counts as a keypad tone.

    Attributes:
      share: Of a frame's energy that the two sines must hold.
      twist_db: How far the two may differ.
      above_others_db: How far each must rise above the other frequencies of its group.
      harmonics_db: How far below each its second harmonic must lie: a voice has harmonics.
      level_db: The weakest tone, relative to full scale.
      steady_db: How far a tone's level may move from one frame to the next.
    """

    share: float = 0.4
    twist_db: float = 10.0
    above_others_db: float = 9.0
    harmonics_db: float = 6.0
    level_db: float = -50.0
    steady_db: float = 6.0


class KeypadDetector:
    """Finds the keypad tones of one recording, from its native samples as they are decoded.

    Args:
      mix: Whether the channels are mixed for the recogniser: the tones are then looked for in the mix.

    Attributes:
      has_audio: Whether any samples came.
    """

    def __init__(self, *, mix: bool) -> None:
        self.has_audio = False
        self._mix = mix
        self._resampler: Resampler | None = None
        # Keypad tones and their harmonics lie below 3.3 kHz: half the rate costs a third.
        self._finder = ToneFinder(RECOGNISER_RATE_HZ // 2, ToneSettings())
        self._rest: FloatSamples | None = None

    def add(self, info: MediaInfo, block: Samples) -> None:
        """Takes the next native samples, of shape (channels, frames)."""
        self.has_audio = True
        if self._resampler is None:
            self._resampler = Resampler(info.sample_rate_hz, 1 if self._mix else info.channels)
        for samples in self._resampler.add(float_channels(block, mix=self._mix)):
            self._add_at_half_rate(samples)

    def findings(self) -> tuple[Finding, ...]:
        """The tones, ordered by start. Call it once, after the last block."""
        if self._resampler is not None:
            for samples in self._resampler.finish():
                self._add_at_half_rate(samples)
        return tuple(
            Finding(
                policy=KEYPAD_POLICY,
                label=KEYPAD_POLICY.upper(),
                channel=span.channel,
                start_s=span.start_s,
                end_s=span.end_s,
                score=1.0,
                detector="keypad_tones",
            )
            for span in self._finder.finish()
        )

    def _add_at_half_rate(self, samples: FloatSamples) -> None:
        joined = samples if self._rest is None else np.concatenate((self._rest, samples), axis=1)
        pairs = joined.shape[1] // 2 * 2
        self._rest = joined[:, pairs:]
        self._finder.add((joined[:, 0:pairs:2] + joined[:, 1:pairs:2]) / np.float32(2))


class ToneFinder:
    """Finds keypad tones in each channel by itself, block by block.

    Args:
      rate_hz: Of the blocks; at least 4 kHz.
    """

    def __init__(self, rate_hz: int, settings: ToneSettings) -> None:
        self._rate_hz = rate_hz
        self._settings = settings
        self._channels: list[_ChannelFinder] = []

    def add(self, block: NDArray[np.float32]) -> None:
        """Takes the next samples, of shape (channels, frames), in -1 to 1."""
        if not self._channels:
            self._channels = [_ChannelFinder(channel, self._rate_hz, self._settings) for channel in range(len(block))]
        for finder, samples in zip(self._channels, block, strict=True):
            finder.add(samples)

    def finish(self) -> list[TimeSpan]:
        """A span for each tone of at least 40 ms, ordered by start; gaps between digits are not included."""
        return sorted((span for finder in self._channels for span in finder.finish()), key=lambda span: span.start_s)


class _ChannelFinder:
    """Finds the tones of one channel; less than a frame of samples is kept between blocks."""

    def __init__(self, channel: int, rate_hz: int, settings: ToneSettings) -> None:
        self._channel = channel
        self._rate_hz = rate_hz
        self._settings = settings
        self._frame = round(FRAME_S * rate_hz)
        self._hop = round(HOP_S * rate_hz)
        self._waves = _waves(self._frame, rate_hz)
        self._rest = np.zeros(0, np.float32)
        self._position = 0
        self._needed = max(1, round((_SHORTEST_S - FRAME_S) / HOP_S))
        self._run: _Run | None = None
        self._spans: list[TimeSpan] = []

    def add(self, samples: NDArray[np.float32]) -> None:
        """Takes the next samples."""
        samples = np.concatenate([self._rest, samples])
        count = max(0, (len(samples) - self._frame) // self._hop + 1)
        if count:
            frames = np.lib.stride_tricks.sliding_window_view(samples, self._frame)[: count * self._hop : self._hop]
            digits, levels = self._digits(frames)
            for digit, level in zip(digits.tolist(), levels.tolist(), strict=True):
                if digit >= 0 or self._run is not None:
                    self._follow(digit, level)
                self._position += self._hop
        self._rest = samples[count * self._hop :].copy()

    def finish(self) -> list[TimeSpan]:
        """The spans of the tones, after the last samples."""
        self._close()
        return self._spans

    def _digits(self, frames: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """For each frame, the digit's number 0 to 15, or -1, and the tones' level in dB."""
        digits = np.full(len(frames), -1)
        levels = np.full(len(frames), -np.inf)
        energy = np.einsum("ij,ij->i", frames, frames) / self._frame + 1e-12
        # Half of a call is silence, which need not be correlated.
        loud = np.flatnonzero(_db(energy) > self._settings.level_db)
        if len(loud):
            digits[loud], levels[loud] = self._loud_digits(frames[loud], energy[loud])
        return digits, levels

    def _loud_digits(
        self, frames: NDArray[np.float32], energy: NDArray[np.float32]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        settings = self._settings
        # The mean power of a sine that would give this correlation.
        cosines, sines = np.split((frames @ self._waves).astype(np.float64), 2, axis=1)
        power = 2 * (cosines**2 + sines**2) / self._frame**2 + 1e-14
        low, high, low_harmonics, high_harmonics = np.split(power, 4, axis=1)
        row, low_power, low_clear = _strongest(low)
        column, high_power, high_clear = _strongest(high)
        both = low_power + high_power
        every = np.arange(len(frames))
        is_tone = (
            (both > settings.share * energy)
            & (np.abs(_db(low_power / high_power)) < settings.twist_db)
            & (_db(low_clear) > settings.above_others_db)
            & (_db(high_clear) > settings.above_others_db)
            & (_db(low_power / low_harmonics[every, row]) > settings.harmonics_db)
            & (_db(high_power / high_harmonics[every, column]) > settings.harmonics_db)
        )
        return np.where(is_tone, 4 * row + column, -1), _db(both)

    def _follow(self, digit: int, level: float) -> None:
        run = self._run
        if run is not None and run.continues(digit, level, self._settings.steady_db):
            run.end = self._position + self._frame
            run.level = level
            run.frames += 1
            return
        self._close()
        if digit >= 0:
            self._run = _Run(digit, level, self._position, self._position + self._frame)

    def _close(self) -> None:
        run, self._run = self._run, None
        if run is None or run.frames <= self._needed:
            return
        # Frames at a tone's edges may hold too little of it to count.
        edge = self._frame // 2
        start, end = max(0, run.start - edge), run.end + edge
        self._spans.append(TimeSpan(self._channel, start / self._rate_hz, end / self._rate_hz))


@dataclass
class _Run:
    """Consecutive frames of one digit."""

    digit: int
    level: float
    start: int
    end: int
    frames: int = 1

    def continues(self, digit: int, level: float, steady_db: float) -> bool:
        return digit == self.digit and abs(level - self.level) <= steady_db


def _waves(frame: int, rate_hz: int) -> NDArray[np.float32]:
    """Cosines of the eight frequencies and of their second harmonics, one a column, and then their sines."""
    frequencies = np.array([*LOW_HZ, *HIGH_HZ, *(2 * hz for hz in LOW_HZ), *(2 * hz for hz in HIGH_HZ)])
    angles = 2 * np.pi * np.outer(np.arange(frame) / rate_hz, frequencies)
    representable = frequencies < rate_hz / 2
    return np.concatenate([np.cos(angles) * representable, np.sin(angles) * representable], axis=1).astype(np.float32)


def _strongest(power: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """A group's strongest frequency in each frame: its number, its power, and its ratio to the next."""
    order = np.argsort(power, axis=1)
    every = np.arange(len(power))
    strongest = power[every, order[:, -1]]
    return order[:, -1], strongest, strongest / power[every, order[:, -2]]


def _db(ratio: NDArray[np.float64]) -> NDArray[np.float64]:
    decibels: NDArray[np.float64] = 10 * np.log10(ratio)
    return decibels
