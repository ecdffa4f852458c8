"""A labelled call on its way through a line: what the steps of a condition receive and return."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr

from evaluation.score import FRAMES_PER_S, VOICED_DB

Samples = npt.NDArray[np.float32]
Random = np.random.Generator

SPEECH_RMS = 0.07
"""Level of speech in a channel that has none of its own: noise is relative to it."""


@dataclass(frozen=True)
class Line:
    """A call as it is so far.

    Attributes:
      recording_id: Also seeds what is random, so that its audio is the same whichever calls are rendered beside it.
      samples: (channels, frames) between -1 and 1.
      speech: The same without what disturbs it, equally long: its frames say when somebody speaks.
      others: Channels of other calls at `rate_hz`, of which babble is made.
      tempo: How much faster than the labelled call it is.
    """

    recording_id: str
    samples: Samples
    speech: Samples
    rate_hz: int
    others: Sequence[Samples] = ()
    seed: int = 2026
    tempo: float = 1.0

    def random(self, purpose: str, channel: int = 0) -> Random:
        """Random numbers for one purpose in one channel of this call."""
        return np.random.default_rng(zlib.crc32(f"{self.seed}/{purpose}/{self.recording_id}/{channel}".encode()))

    def with_samples(self, samples: npt.NDArray[np.floating[Any]]) -> Line:
        """The call with other audio of the same length."""
        assert samples.shape == self.samples.shape
        return replace(self, samples=samples.astype(np.float32))

    def at_rate(self, rate_hz: int) -> Line:
        """The call, its speech and the other calls at another sample rate."""
        if rate_hz == self.rate_hz:
            return self
        samples, speech, *others = (
            resampled(audio, self.rate_hz, rate_hz) for audio in (self.samples, self.speech, *self.others)
        )
        return replace(self, samples=samples, speech=speech, others=others, rate_hz=rate_hz)


def resampled(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """The samples at another rate; their length is rounded up."""
    if from_hz == to_hz:
        return samples
    converted = soxr.resample(samples.T, from_hz, to_hz, quality="HQ").T
    return of_length(converted, -(-samples.shape[-1] * to_hz // from_hz))


def of_length(samples: Samples, count: int) -> Samples:
    """The first `count` samples, with silence where there are fewer."""
    missing = max(0, count - samples.shape[-1])
    padded = np.pad(samples, [(0, 0)] * (samples.ndim - 1) + [(0, missing)])
    return np.ascontiguousarray(padded[..., :count], dtype=np.float32)


def active(speech: Samples, rate_hz: int) -> npt.NDArray[np.bool_]:
    """The samples of one channel in frames of 10 ms in which somebody speaks, as the score decides it."""
    frame = rate_hz // FRAMES_PER_S
    framed = of_length(speech, -(-len(speech) // frame) * frame).reshape(-1, frame)
    spoken = np.sqrt((framed**2).mean(1)) > 10 ** (VOICED_DB / 20)
    return np.repeat(spoken, frame)[: len(speech)]


def speech_rms(speech: Samples, rate_hz: int) -> float:
    """The level of one channel while somebody speaks."""
    spoken = speech[active(speech, rate_hz)]
    return float(np.sqrt((spoken.astype(np.float64) ** 2).mean())) if len(spoken) else SPEECH_RMS
