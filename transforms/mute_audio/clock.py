"""Lateness of a recogniser's clock in one recording.

Recognisers disagree by 0.2 s on the time of a word, and the error of each recogniser is steady. Beside pauses, the
audio shows where words end and begin. The error there corrects the times of words without a pause beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hushbeam.schemas.spans import TimeSpan
from hushbeam.schemas.transcript import Transcript
from hushbeam.transforms.mute_audio.loudness import Stretch


@dataclass(frozen=True)
class ClockSettings:
    """How the clock is read.

    Attributes:
      pauses: How many pauses are compared at most, spread over the recording.
      fewest: With fewer words to compare, the clock is assumed to be as usual.
      pause_s: The shortest silence between two words, in the recogniser's times, that is a pause.
      around_s: How far a word may end or begin from the recogniser's time. Starts that are dragged over a silence lie
        further away and do not show the clock.
      usual_end_s, usual_start_s: The usual error of a recogniser: its ends and starts are early.
      unusual_s: A smaller difference from the usual error is ignored.
      most_s: The largest difference from the usual error.
    """

    pauses: int = 16
    fewest: int = 4
    pause_s: float = 0.15
    around_s: float = 0.40
    usual_end_s: float = -0.13
    usual_start_s: float = -0.05
    unusual_s: float = 0.05
    most_s: float = 0.35


@dataclass(frozen=True)
class Pause:
    """A silence between two words of a channel, in the recogniser's times."""

    channel: int
    start_s: float
    end_s: float

    def ranges_to_read(self, duration_s: float, settings: ClockSettings) -> tuple[TimeSpan, TimeSpan]:
        """The ranges of audio that show where the word before ends, and where the word after begins."""
        reach_s = 2 * settings.around_s
        before, after = (
            TimeSpan(self.channel, max(time_s - reach_s, 0.0), min(time_s + reach_s, duration_s))
            for time_s in (self.start_s, self.end_s)
        )
        return before, after


def pauses_between_words(transcript: Transcript, settings: ClockSettings) -> tuple[Pause, ...]:
    """Pauses of all channels, evenly spread over the recording."""
    pauses = [
        Pause(channel, before.end_s, after.start_s)
        for channel in range(transcript.channels)
        for before, after in pairwise(word for word in transcript.iter_words() if word.channel == channel)
        if after.start_s - before.end_s > settings.pause_s
    ]
    if len(pauses) <= settings.pauses:
        return tuple(pauses)
    chosen = np.linspace(0, len(pauses) - 1, settings.pauses).round().astype(int)
    return tuple(pauses[index] for index in chosen.tolist())


def lateness_s(
    pauses: Sequence[Pause],
    stretches: Sequence[Sequence[Stretch]],
    settings: ClockSettings,
) -> float:
    """Seconds by which the recogniser's times are later than usual (negative: earlier), by both ends and starts.

    Args:
      stretches: For each pause, the stretches of speech in its two `ranges_to_read`, one after the other.
    """
    ends_s, starts_s = [], []
    for pause, ending, beginning in zip(pauses, stretches[::2], stretches[1::2], strict=True):
        ends_s += _nearest(pause.start_s, (stretch.end_s for stretch in ending), settings)
        starts_s += _nearest(pause.end_s, (stretch.start_s for stretch in beginning), settings)
    if min(len(ends_s), len(starts_s)) < settings.fewest:
        return 0.0
    by_ends_s = float(np.median(ends_s)) - settings.usual_end_s
    by_starts_s = float(np.median(starts_s)) - settings.usual_start_s
    # A late clock moves ends and starts. If only ends are late, the recogniser extends words to the pause.
    late_s = min(by_ends_s, by_starts_s, key=abs) if by_ends_s * by_starts_s > 0.0 else 0.0
    return 0.0 if abs(late_s) < settings.unusual_s else max(-settings.most_s, min(late_s, settings.most_s))


def _nearest(time_s: float, edges_s: Iterable[float], settings: ClockSettings) -> list[float]:
    """How much later a time is than the nearest edge; empty if no edge is near."""
    offset_s = min((time_s - edge_s for edge_s in edges_s), key=abs, default=None)
    return [] if offset_s is None or abs(offset_s) > settings.around_s else [offset_s]
