"""Finds keypad tones (DTMF): whoever hears them can read the digits that were typed.

A keypad tone is two steady sines, one of each group, and nothing else: little other sound, about equal levels, no
harmonics, for at least 40 ms. Speech is never all of that for so long. Each frame is correlated with the eight
frequencies and their second harmonics, which is what Goertzel's algorithm computes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hushbeam.schemas.spans import TimeSpan

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


def find_tones(
    blocks: Iterable[NDArray[np.float32]], rate_hz: int, settings: ToneSettings | None = None
) -> list[TimeSpan]:
    """Finds where keypad tones sound, in each channel by itself.

    Args:
      blocks: Consecutive samples of shape (channels, frames), in -1 to 1, at any rate from 4 kHz.

    Returns:
      A span for each tone of at least 40 ms, ordered by start; gaps between digits are not included.
    """
    finder = ToneFinder(rate_hz, settings)
    for block in blocks:
        finder.add(block)
    return finder.finish()


class ToneFinder:
    """Finds the same in blocks as they come.

    Args:
      rate_hz: Of the blocks.
    """

    def __init__(self, rate_hz: int, settings: ToneSettings | None = None) -> None:
        self._rate_hz = rate_hz
        self._settings = settings or ToneSettings()
        self._channels: list[_ChannelFinder] = []

    def add(self, block: NDArray[np.float32]) -> None:
        """Looks at the next samples, of shape (channels, frames)."""
        if not self._channels:
            self._channels = [_ChannelFinder(channel, self._rate_hz, self._settings) for channel in range(len(block))]
        for finder, samples in zip(self._channels, block, strict=True):
            finder.add(samples)

    def finish(self) -> list[TimeSpan]:
        """The tones, after the last samples, ordered by start."""
        return sorted((span for finder in self._channels for span in finder.finish()), key=lambda span: span.start_s)


class _ChannelFinder:
    """Follows one channel: keeps less than a frame of samples between blocks."""

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
        """Looks at the next samples."""
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
        """The spans found, after the last samples."""
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
    hearable = frequencies < rate_hz / 2
    return np.concatenate([np.cos(angles) * hearable, np.sin(angles) * hearable], axis=1).astype(np.float32)


def _strongest(power: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """A group's strongest frequency in each frame: its number, its power, and its ratio to the next."""
    order = np.argsort(power, axis=1)
    every = np.arange(len(power))
    strongest = power[every, order[:, -1]]
    return order[:, -1], strongest, strongest / power[every, order[:, -2]]


def _db(ratio: NDArray[np.float64]) -> NDArray[np.float64]:
    decibels: NDArray[np.float64] = 10 * np.log10(ratio)
    return decibels
