"""Stretches of speech between pauses, found only by loudness."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hushbeam.schemas.spans import merged, runs
from hushbeam.transforms.media.samples import RECOGNISER_RATE_HZ, FloatSamples

FRAME_S = 0.01
_FRAME = int(RECOGNISER_RATE_HZ * FRAME_S)
_SILENCE_DB = -100.0
_LOUD_FRAMES = 30
"""The level of speech is that of its loudest 0.3 s: a share of all frames would depend on the length of the pauses."""
_LOUD_SHARE = 10
"""The level of given words is that of their loudest tenth: a word may be shorter than 0.3 s."""


@dataclass(frozen=True)
class Stretch:
    """A stretch of speech without a pause, in seconds from the start of the recording."""

    start_s: float
    end_s: float


@dataclass(frozen=True)
class PauseSettings:
    """When a frame counts as speech, and when a gap counts as a pause.

    Attributes:
      below_speech_db: How far below the loud frames of speech its quiet frames may lie.
      above_noise_db: How far above the noise a frame must lie to be more than noise.
      clear_of_speech_db: The threshold stays at least so far below the loud frames, however loud the noise is; where
        nothing is so far below them, speech and noise cannot be told apart.
      pause_s: A shorter gap is the closure of a consonant, not a pause.
      click_s: A shorter stretch between pauses is not speech.
    """

    below_speech_db: float = 34.0
    above_noise_db: float = 6.0
    clear_of_speech_db: float = 10.0
    pause_s: float = 0.09
    click_s: float = 0.03


def loudness_db(samples: FloatSamples) -> npt.NDArray[np.float64]:
    """The loudness of each frame of `FRAME_S` of 16 kHz mono samples, in dB of full scale, not below -100."""
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME).astype(np.float64)
    power = (frames**2).mean(axis=1)
    return np.maximum(10.0 * np.log10(power + 1e-12), _SILENCE_DB)


def threshold_db(loudness: npt.NDArray[np.float64], settings: PauseSettings) -> float:
    """The loudness above which a frame is speech; infinite if speech and pauses cannot be told apart."""
    loud_frames = min(_LOUD_FRAMES, len(loudness))
    speech = float(np.partition(loudness, -loud_frames)[-loud_frames])
    noise = float(np.percentile(loudness, 5))
    if speech - noise < settings.clear_of_speech_db:
        return math.inf
    return min(
        max(speech - settings.below_speech_db, noise + settings.above_noise_db), speech - settings.clear_of_speech_db
    )


@dataclass(frozen=True)
class LoudnessRange:
    """The loudness of each frame of a range of audio, and the level above which a frame is speech.

    Attributes:
      start_s: In seconds from the start of the recording.
      threshold_db: Infinite if speech cannot be told from noise.
    """

    start_s: float
    frames_db: npt.NDArray[np.float64]
    threshold_db: float

    @classmethod
    def of(cls, samples: FloatSamples, start_s: float, settings: PauseSettings) -> LoudnessRange:
        """The loudness of 16 kHz mono `samples` that begin at `start_s` of the recording."""
        loudness = loudness_db(samples)
        return cls(start_s, loudness, threshold_db(loudness, settings) if len(loudness) else math.inf)

    def stretches(self, settings: PauseSettings) -> tuple[Stretch, ...]:
        """The stretches of speech, in time order. Empty if speech cannot be told from noise."""
        longest_closure = math.ceil(settings.pause_s / FRAME_S) - 1
        return tuple(
            Stretch(self.start_s + first * FRAME_S, self.start_s + end * FRAME_S)
            for first, end in merged(runs(self.frames_db > self.threshold_db), longest_closure)
            if (end - first) * FRAME_S >= settings.click_s
        )

    def visible_db(self, times: Iterable[tuple[float, float]]) -> float:
        """How far the loud frames at `times` lie above the threshold, and so how much quieter a frame may be to show.

        Minus infinity if speech cannot be told from noise, or no frame lies at `times`.
        """
        parts = [self.frames_db[self._frame(start_s) : self._frame(end_s) + 1] for start_s, end_s in times]
        spoken = np.concatenate(parts) if parts else np.empty(0)
        if not len(spoken):
            return -math.inf
        loud_frames = math.ceil(len(spoken) / _LOUD_SHARE)
        return float(np.partition(spoken, -loud_frames)[-loud_frames]) - self.threshold_db

    def _frame(self, time_s: float) -> int:
        return max(round((time_s - self.start_s) / FRAME_S), 0)
