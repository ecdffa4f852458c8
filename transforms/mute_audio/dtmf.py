"""Detector of keypad tones (DTMF), from which the digits that were typed can be decoded.

A keypad tone is two steady sines, one of each group, and little else, for at least 40 ms. Each frame is correlated with
the eight frequencies, which is what Goertzel's algorithm computes. Consecutive frames of one digit are a candidate. It
is a tone if 40 ms of it are steady and pure, or steady with other audio over them if it lasts longer or other keys are
pressed nearby. A vowel can hold two harmonics near the frequencies of a key, but other audio lies between them, they
glide, and their levels move apart.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TypeVar

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
_NEEDED = 1 + round((_SHORTEST_S - FRAME_S) / HOP_S)
"""Consecutive frames that lie wholly inside the shortest tone."""

_EDGE_S = 0.01
"""Frames at a tone's edges may hold too little of it to count."""

_CORRECTED_HZ = 25.0
"""Beyond this error of a frequency, a frame holds too little of the sine to tell its power."""


_Number = TypeVar("_Number", np.float64, np.complex128)


@dataclass(frozen=True)
class ToneSettings:
    """What counts as a keypad tone.

    ITU-T Q.24 lists what receivers must accept: 40 ms, frequencies that are up to 1.8 % off, and levels that differ by
    4 to 10 dB, depending on the country.

    The limits were set on speech in which nobody presses a key, and on 10,000 made tones in series. Below are 5,000
    other made tones. A tone is found if 0.8 of it lies in a span. "Before" asked only for a share of 0.4 and for
    harmonics, which tell nothing beside these limits.

    | | before | now | now, a tone alone |
    | --- | --- | --- | --- |
    | false tones: 32 recordings of people, 38 minutes over channels | 17 | 0 | |
    | the same, louder, through GSM and through Opus at 8 kbit/s, 82 minutes | 44 | 5 | |
    | 24 recordings of people and 52 labelled calls, 114 minutes | 1 | 0 | |
    | prompts in five languages, 135 minutes | 14 | 1 | |
    | prompts of three voices that no limit was set on, 50 minutes | 4 | 0 | |
    | found: 20 and 15 dB above noise, babble or speech | 1.000 | 1.000 | 1.000 |
    | 10 dB; 10 dB through a codec | 1.000; 0.973 | 1.000; 0.988 | 1.000; 0.969 |
    | 6, 3, 0 dB above one voice | 0.94, 0.93, 0.76 | 0.96, 0.98, 0.87 | 0.93, 0.87, 0.74 |
    | GSM, Opus at 6 to 12 kbit/s, AMR, G.726, MP3 | 0.994 | 0.997 | 0.994 |
    | frequencies 1 to 1.8 % off | 0.904 | 1.000 | 0.998 |
    | levels that differ by 6 or 8 dB | 0.977 | 1.000 | 1.000 |
    | in a room that echoes for 0.3 s | 0.789 | 0.891 | 0.891 |
    | 40 ms to 1 s; weak, clipped, faded, with hum or gaps | 0.999 | 1.000 | 1.000 |

    Attributes:
      level_db: The weakest tone, relative to full scale.
      candidate_share: Of a frame's energy that the two sines must hold, for the frame to belong to a candidate.
      candidate_twist_db: How far the two may differ in a candidate: a sine that is 1.8 % off loses 6 dB of its power,
        which is corrected only for the candidate as a whole, and the rest is what `low_louder_db` leaves.
      candidate_above_others_db: How far each must rise above the other frequencies of its group in a candidate.
      share: Of the energy of 40 ms that the two sines must hold if their levels keep their ratio exactly.
      share_per_db: How much more they must hold for each dB by which the ratio moves.
      pure_share: What they must hold at most. Codecs make the levels of a tone move, but add little to it.
      steady_share: What they must hold if the tone lasts or others are near.
      steady_frames: How often a candidate that lasts must hold 40 ms of that, each 5 ms after the other. Speech held
        at most 10.
      series_s: How near another tone must be: keys are pressed in series.
      wander_db: How far the ratio may move at all.
      low_louder_db, high_louder_db: How far the two may differ.
      above_others_db: How far each must rise above the other frequencies of its group.
      off_frequency: How far each may lie beside its frequency, as a share of it.
      wander_hz: How far each frequency may move from one frame to the next.
    """

    level_db: float = -50.0
    candidate_share: float = 0.25
    candidate_twist_db: float = 18.0
    candidate_above_others_db: float = 5.0
    share: float = 0.55
    share_per_db: float = 0.15
    pure_share: float = 0.8
    steady_share: float = 0.4
    steady_frames: int = 12
    series_s: float = 3.0
    wander_db: float = 5.0
    low_louder_db: float = 10.0
    high_louder_db: float = 9.0
    above_others_db: float = 9.0
    off_frequency: float = 0.02
    wander_hz: float = 10.0


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
        # Keypad tones lie below 1.7 kHz: half the rate costs a third.
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
        self._open: _Candidate | None = None
        self._tones: list[tuple[TimeSpan, bool]] = []

    def add(self, samples: NDArray[np.float32]) -> None:
        """Takes the next samples."""
        samples = np.concatenate([self._rest, samples])
        count = max(0, (len(samples) - self._frame) // self._hop + 1)
        if count:
            frames = np.lib.stride_tricks.sliding_window_view(samples, self._frame)[: count * self._hop : self._hop]
            found = self._candidate_frames(frames)
            found["position"] = found["position"] * self._hop + self._position
            self._position += count * self._hop
            if len(found):
                self._follow(found)
            if self._open is not None and self._open.latest["position"][-1] + self._hop < self._position:
                self._close()
        self._rest = samples[count * self._hop :].copy()

    def finish(self) -> list[TimeSpan]:
        """The spans of the tones, after the last samples."""
        self._close()
        certain = [span for span, is_certain in self._tones if is_certain]
        return [span for span, is_certain in self._tones if is_certain or self._is_near(span, certain)]

    def _is_near(self, span: TimeSpan, others: list[TimeSpan]) -> bool:
        """Whether any of the others, which are in order, is at most `series_s` away."""
        first = bisect_left(others, span.start_s - self._settings.series_s, key=lambda other: other.end_s)
        return first < len(others) and others[first].start_s <= span.end_s + self._settings.series_s

    def _candidate_frames(self, frames: NDArray[np.float32]) -> NDArray[np.void]:
        """The frames that may belong to a tone, as `_FRAME` records with their index as position."""
        energy = np.einsum("ij,ij->i", frames, frames) / self._frame + 1e-12
        # Half of a call is silence, which need not be correlated.
        loud = np.flatnonzero(_db(energy) > self._settings.level_db)
        return self._loud_candidates(loud, frames[loud], energy[loud]) if len(loud) else np.zeros(0, _FRAME)

    def _loud_candidates(
        self, numbers: NDArray[np.int64], frames: NDArray[np.float32], energy: NDArray[np.float32]
    ) -> NDArray[np.void]:
        settings = self._settings
        cosines, sines = np.split((frames @ self._waves).astype(np.float64), 2, axis=1)
        # The mean power of a sine that would give this correlation.
        low, high = np.split(2 * (cosines**2 + sines**2) / self._frame**2 + 1e-14, 2, axis=1)
        chosen = np.flatnonzero(low.max(axis=1) + high.max(axis=1) > settings.candidate_share * energy)
        if not len(chosen):
            return np.zeros(0, _FRAME)
        row, low_power, low_clear = _strongest(low[chosen])
        column, high_power, high_clear = _strongest(high[chosen])
        clear_db = _db(np.minimum(low_clear, high_clear))
        is_candidate = (np.abs(_db(low_power / high_power)) < settings.candidate_twist_db) & (
            clear_db > settings.candidate_above_others_db
        )
        chosen, row, column = chosen[is_candidate], row[is_candidate], column[is_candidate]
        records = np.zeros(len(chosen), _FRAME)
        records["position"] = numbers[chosen]
        records["digit"] = len(HIGH_HZ) * row + column
        records["low"] = cosines[chosen, row] - 1j * sines[chosen, row]
        records["high"] = cosines[chosen, len(LOW_HZ) + column] - 1j * sines[chosen, len(LOW_HZ) + column]
        records["energy"] = energy[chosen]
        records["clear_db"] = clear_db[is_candidate]
        return records

    def _follow(self, frames: NDArray[np.void]) -> None:
        """Adds the candidate frames of one block to the open candidate, and opens and closes others."""
        breaks = np.flatnonzero((np.diff(frames["position"]) != self._hop) | (np.diff(frames["digit"]) != 0)) + 1
        for run in np.split(frames, breaks):
            candidate = self._open
            if candidate is None or not candidate.continues(run, self._hop):
                self._close()
                candidate = self._open = _Candidate(int(run["position"][0]), run[:0])
            joined = np.concatenate([candidate.latest, run])
            self._judge(candidate, joined)
            candidate.latest = joined[1 - _NEEDED :]

    def _judge(self, candidate: _Candidate, run: NDArray[np.void]) -> None:
        """Judges each 40 ms of a candidate's next frames."""
        if len(run) < _NEEDED:
            return
        settings = self._settings
        row, column = divmod(int(run["digit"][0]), len(HIGH_HZ))
        low, low_steady = self._sine(run["low"], LOW_HZ[row])
        high, high_steady = self._sine(run["high"], HIGH_HZ[column])
        ratio_db = _windows(_db(np.abs(run["low"] / run["high"]) ** 2), _NEEDED)
        wander_db = np.ptp(ratio_db, axis=1)
        twist_db = _db(low / high)
        share = (low + high) / _windows(run["energy"], _NEEDED).sum(axis=1)
        steady = (
            (share > settings.steady_share)
            & (wander_db < settings.wander_db)
            & (twist_db < settings.low_louder_db)
            & (-twist_db < settings.high_louder_db)
            & (_windows(run["clear_db"], _NEEDED).min(axis=1) > settings.above_others_db)
            & low_steady
            & high_steady
        )
        needed = np.minimum(settings.share + settings.share_per_db * wander_db, settings.pure_share)
        candidate.steady_frames += int(np.sum(steady))
        candidate.is_pure = candidate.is_pure or bool(np.any(steady & (share > needed)))

    def _sine(
        self, correlations: NDArray[np.complex128], frequency_hz: float
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """For each 40 ms, the power of the sine near a frequency, summed over frames, and whether its frequency holds.

        The phase between two frames tells the true frequency. A frame holds less of a sine that lies beside the
        frequency that it is correlated with, 5 dB less of 1633 Hz that is 1.5 % off; the power is corrected for that.
        """
        turn_hz = 2 * np.pi * self._hop / self._rate_hz
        turns = correlations[1:] * np.conj(correlations[:-1]) * np.exp(-1j * turn_hz * frequency_hz)
        turns = _windows(turns, _NEEDED - 1)
        mean = turns.sum(axis=1, keepdims=True)
        off_hz = np.abs(np.angle(mean[:, 0])) / turn_hz
        wander_hz = np.ptp(np.angle(turns * np.conj(mean)), axis=1) / turn_hz
        kept = np.sinc(np.minimum(off_hz, _CORRECTED_HZ) * FRAME_S) ** 2
        power = 2 * _windows(np.abs(correlations) ** 2, _NEEDED).sum(axis=1) / self._frame**2 / kept
        settings = self._settings
        return power, (off_hz < settings.off_frequency * frequency_hz) & (wander_hz < settings.wander_hz)

    def _close(self) -> None:
        candidate, self._open = self._open, None
        if candidate is None or not candidate.steady_frames:
            return
        start_s = candidate.start / self._rate_hz - _EDGE_S
        end_s = (int(candidate.latest["position"][-1]) + self._frame) / self._rate_hz + _EDGE_S
        span = TimeSpan(self._channel, max(0.0, start_s), end_s)
        is_certain = candidate.is_pure or candidate.steady_frames >= self._settings.steady_frames
        self._tones.append((span, is_certain))


_FRAME = np.dtype(
    [
        ("position", np.int64),
        ("digit", np.int64),
        ("low", np.complex128),
        ("high", np.complex128),
        ("energy", np.float64),
        ("clear_db", np.float64),
    ]
)
"""A frame that may belong to a tone: where it starts, the key's number 0 to 15, the correlations with both frequencies,
the mean power, and how far both rise above the other frequencies of their groups."""


@dataclass
class _Candidate:
    """Consecutive frames of one digit. Only the latest are kept: a tone may last as long as the recording."""

    start: int
    latest: NDArray[np.void]
    steady_frames: int = 0
    is_pure: bool = False

    def continues(self, frames: NDArray[np.void], hop: int) -> bool:
        """Whether these frames are its next."""
        last, first = self.latest[-1], frames[0]
        return bool(first["digit"] == last["digit"] and first["position"] == last["position"] + hop)


def _waves(frame: int, rate_hz: int) -> NDArray[np.float32]:
    """Cosines of the eight frequencies, one a column, and then their sines."""
    angles = 2 * np.pi * np.outer(np.arange(frame) / rate_hz, np.array([*LOW_HZ, *HIGH_HZ]))
    return np.concatenate([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def _windows(values: NDArray[_Number], length: int) -> NDArray[_Number]:
    """Every `length` consecutive values, one window a row."""
    return np.lib.stride_tricks.sliding_window_view(values, length)


def _strongest(power: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """A group's strongest frequency in each frame: its number, its power, and its ratio to the next."""
    order = np.argsort(power, axis=1)
    every = np.arange(len(power))
    strongest = power[every, order[:, -1]]
    return order[:, -1], strongest, strongest / power[every, order[:, -2]]


def _db(ratio: NDArray[np.float64]) -> NDArray[np.float64]:
    decibels: NDArray[np.float64] = 10 * np.log10(ratio)
    return decibels
