"""Stretches of speech between pauses, found only by loudness."""

from __future__ import annotations

import math
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


def stretches_of_speech(samples: FloatSamples, start_s: float, settings: PauseSettings) -> tuple[Stretch, ...]:
    """The stretches of speech in 16 kHz mono `samples` that begin at `start_s` of the recording, in time order.

    Empty if speech cannot be told from noise.
    """
    loudness = loudness_db(samples)
    if not len(loudness):
        return ()
    loud = loudness > threshold_db(loudness, settings)
    longest_closure = math.ceil(settings.pause_s / FRAME_S) - 1
    return tuple(
        Stretch(start_s + first * FRAME_S, start_s + end * FRAME_S)
        for first, end in merged(runs(loud), longest_closure)
        if (end - first) * FRAME_S >= settings.click_s
    )
