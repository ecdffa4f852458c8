"""Finds the parts of a window to transcribe again: speech for which the model wrote no words.

Whisper skips whole turns, above all when another speaker begins. Transcribed by itself, such a turn is recognised.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hushbeam.schemas.spans import merged
from hushbeam.transforms.base.spoken_length import longest_for_second_look_s
from hushbeam.transforms.media.samples import RECOGNISER_RATE_HZ
from hushbeam.transforms.transcribe.decoding import FRAMES_PER_SECOND, DecodedWindow
from hushbeam.transforms.transcribe.windows import Window
from hushbeam.transforms.transcribe.words import TimedText

_LARGEST_PART = 0.6
"""A part that is a larger share of its window is cut within speech instead, at quiet frames."""

_SEARCHED_OUTSIDE = 40
_SEARCHED_INSIDE = 10


def parts_to_transcribe_again(
    window: Window, loudness: NDArray[np.float32], decoded: DecodedWindow
) -> list[tuple[int, int]]:
    """Ranges of frames of the window that hold all speech without words, ordered, apart, and cut in silence.

    Args:
      loudness: Of each frame of the window.
    """
    frames = len(loudness)
    phrases = [(start / RECOGNISER_RATE_HZ, stop / RECOGNISER_RATE_HZ) for start, stop in window.speech]
    untranscribed = _phrases_to_transcribe(phrases, decoded)
    parts: list[tuple[int, int]] = []
    for first, end in merged((phrase, phrase + 1) for phrase in untranscribed):
        low_s = (phrases[first - 1][1] + phrases[first][0]) / 2 if first else 0.0
        high_s = (phrases[end - 1][1] + phrases[end][0]) / 2 if end < len(phrases) else window.duration_s
        low, high = int(low_s * FRAMES_PER_SECOND), min(int(high_s * FRAMES_PER_SECOND), frames)
        if high - low <= _LARGEST_PART * frames:
            parts.append((low, high))
            continue
        for start_s, stop_s in decoded.untranscribed:
            if low_s <= start_s < high_s:
                parts.append((_quiet_frame(loudness, start_s, -1), _quiet_frame(loudness, stop_s, +1)))
    return merged(parts)


def _phrases_to_transcribe(phrases: Sequence[tuple[float, float]], decoded: DecodedWindow) -> list[int]:
    chosen = []
    for index, (start_s, stop_s) in enumerate(phrases):
        if not any(low < stop_s and high > start_s for low, high in decoded.untranscribed):
            continue
        chosen.append(index)
        # A word that is stretched over speech without words may have been said after it.
        if index + 1 < len(phrases) and any(_stretched(word, start_s, stop_s) for word in decoded.words):
            chosen.append(index + 1)
    return chosen


def _stretched(word: TimedText, start_s: float, stop_s: float) -> bool:
    return start_s <= word.start_s < stop_s and word.end_s - word.start_s > 2 * longest_for_second_look_s(word.text)


def _quiet_frame(loudness: NDArray[np.float32], moment_s: float, direction: int) -> int:
    """The quietest frame near a moment: up to 40 frames in one direction, 10 in the other."""
    at = int(moment_s * FRAMES_PER_SECOND)
    low, high = sorted((at - direction * _SEARCHED_INSIDE, at + direction * _SEARCHED_OUTSIDE))
    if low <= 0 and direction < 0:
        return 0
    if high >= len(loudness) and direction > 0:
        return len(loudness)
    low, high = max(low, 0), min(high, len(loudness))
    return low + int(np.argmin(loudness[low:high]))
