"""Cuts of a long recording into spans: in the quietest moment near the end of each span."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from hushbeam.transforms.media.samples import FloatSamples

STEP_S = 0.05
_QUIET_S = 0.6
_SEARCHED = 0.2
"""The last fifth of each span is searched for its end."""


def loudness(blocks: Iterable[FloatSamples], rate_hz: int) -> Iterator[float]:
    """Mean square of each step of `STEP_S`, in the loudest channel, so that a cut falls between words of all channels.

    Args:
      blocks: Of shape (channels, frames), in order. Steps may reach from one block into the next.
    """
    step = max(1, round(STEP_S * rate_hz))
    rest: FloatSamples | None = None
    for block in blocks:
        samples = block if rest is None else np.concatenate([rest, block], axis=1)
        steps = samples.shape[1] // step
        whole = samples[:, : steps * step].reshape(samples.shape[0], steps, step)
        yield from np.square(whole).mean(axis=2).max(axis=0).tolist()
        rest = samples[:, steps * step :]
    if rest is not None and rest.shape[1]:
        yield float(np.square(rest).mean(axis=1).max())


def cut_in_silence(levels: Sequence[float], duration_s: float, longest_s: float) -> tuple[tuple[float, float], ...]:
    """Spans of at most `longest_s` that follow each other from 0 to `duration_s`.

    Each ends in the middle of the quietest `_QUIET_S` of its last fifth; the last ends with the recording.

    Args:
      levels: From `loudness`.
    """
    count = math.ceil(duration_s / longest_s)
    if count <= 1:
        return ((0.0, duration_s),)
    smoothed = np.convolve(np.asarray(levels), np.ones(round(_QUIET_S / STEP_S)), mode="same")
    spans: list[tuple[float, float]] = []
    start_s = 0.0
    while duration_s - start_s > longest_s:
        first = round((start_s + longest_s * (1 - _SEARCHED)) / STEP_S)
        last = max(first + 1, min(len(smoothed), int((start_s + longest_s) / STEP_S)))
        end_s = (first + int(np.argmin(smoothed[first:last])) + 0.5) * STEP_S
        spans.append((start_s, end_s))
        start_s = end_s
    return (*spans, (start_s, duration_s))
