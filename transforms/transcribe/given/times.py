"""Times of given words: checks and repair of their order, and times for words that the service gave none."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from itertools import accumulate, groupby

from hushbeam.schemas.spans import TimeSpan
from hushbeam.schemas.transcript import Word
from hushbeam.transforms.base.spoken_length import longest_for_muting_s, number_s
from hushbeam.transforms.transcribe.given.errors import UnusableTranscriptError, WrongTranscriptError
from hushbeam.transforms.transcribe.given.records import GivenWord

_EARLIER_S = 0.25
"""How much earlier a word may begin than the one before it: services round times, and align words one by one."""

_MOST_OVERLAP_S = 1.0
"""Two speakers of one channel may speak at once, but not for longer within one word."""

_LATE_S = 1.0
"""How much later than the audio a word may end: codecs pad their last frame."""

_SHORTEST_S = 0.1
"""The shortest word, as in `hushbeam.transforms.transcribe.words`."""


def timed(words: Sequence[GivenWord], speech: Sequence[TimeSpan], duration_s: float) -> list[Word]:
    """The words of one channel with times within the recording, starts in order.

    No word starts later than its service says: muting would leave its beginning audible. Where starts are out of order,
    the earlier word starts sooner.

    A word without a time gets its share of the detected speech between its neighbours. Measured on the labelled calls
    of evaluation/dev and telephone, of whose numbers all times were removed, as WhisperX leaves them out: no more
    personal data can be heard than with those times; of the speech that is not personal data, 5 % is muted in dev
    instead of 2 %.

    Args:
      speech: Detected speech of the same channel, ordered and apart.
      duration_s: Of the decoded audio.

    Raises:
      UnusableTranscriptError: Times are out of order, or overlap too far.
      WrongTranscriptError: A word ends after the audio.
    """
    _check_order(words)
    if any(word.end_s is not None and word.end_s > duration_s + _LATE_S for word in words):
        raise WrongTranscriptError(
            "the transcript has words after the end of the audio; does it belong to this recording?"
        )
    times = _all_times(words, speech, duration_s)
    placed: list[Word] = []
    for word, start_s, (_, given_end_s) in zip(words, _starts_in_order(words, times, duration_s), times, strict=True):
        end_s = max(min(max(given_end_s, start_s + _SHORTEST_S), duration_s), start_s)
        placed.append(Word(word.text, round(start_s, 3), round(end_s, 3), round(word.confidence, 4), word.channel))
    return placed


def _starts_in_order(
    words: Sequence[GivenWord], times: Sequence[tuple[float, float]], duration_s: float
) -> list[float]:
    """Starts in order and within the recording. Those that the service gave are never moved later.

    The others are estimates, which give way: they lie between the starts that it gave.
    """
    latest_s = max(duration_s - _SHORTEST_S, 0.0)
    starts: list[float] = []
    for word, (start_s, _) in zip(reversed(words), reversed(times), strict=True):
        if word.start_s is not None:
            latest_s = min(latest_s, start_s)
        starts.append(min(start_s, latest_s))
    starts.reverse()
    return list(accumulate(starts, max))


def _check_order(words: Sequence[GivenWord]) -> None:
    latest_start_s = latest_end_s = 0.0
    for number, word in enumerate(words, 1):
        if word.start_s is None or word.end_s is None:
            continue
        if word.start_s < latest_start_s - _EARLIER_S or word.start_s < latest_end_s - _MOST_OVERLAP_S:
            raise UnusableTranscriptError(
                f"word {number} of channel {word.channel} begins before the end of an earlier word; the words of a "
                "channel must be in the order of their times"
            )
        latest_start_s, latest_end_s = max(latest_start_s, word.start_s), max(latest_end_s, word.end_s)


def _all_times(words: Sequence[GivenWord], speech: Sequence[TimeSpan], duration_s: float) -> list[tuple[float, float]]:
    following_s = [duration_s]
    for word in reversed(words):
        following_s.append(following_s[-1] if word.start_s is None else word.start_s)
    following_s.reverse()
    times: list[tuple[float, float]] = []
    for (has_time, within_s), group in groupby(words, lambda word: (word.start_s is not None, word.within_s)):
        run = list(group)
        if has_time:
            times += [(word.start_s or 0.0, word.end_s or 0.0) for word in run]
            continue
        low_s, high_s = times[-1][1] if times else 0.0, following_s[len(times)]
        if within_s is not None and within_s[0] < high_s and low_s < within_s[1]:
            low_s, high_s = max(low_s, within_s[0]), min(high_s, within_s[1])
        times += _shared(run, *_spoken_part(low_s, high_s, speech))
    return times


def _spoken_part(low_s: float, high_s: float, speech: Sequence[TimeSpan]) -> tuple[float, float]:
    """From the first to the last detected speech between two moments; all of the time if there is none."""
    first = bisect.bisect_right(speech, low_s, key=lambda span: span.end_s)
    last = bisect.bisect_left(speech, high_s, key=lambda span: span.start_s) - 1
    if first > last:
        return low_s, high_s
    return max(low_s, speech[first].start_s), min(high_s, speech[last].end_s)


def _shared(words: Sequence[GivenWord], low_s: float, high_s: float) -> list[tuple[float, float]]:
    """The times of consecutive words that share a gap by their length.

    A gap that is too short for them reaches into the words around it: the service gave those the missing time.
    """
    missing_s = sum(max(number_s(word.text), _SHORTEST_S) for word in words) - (high_s - low_s)
    if missing_s > 0:
        low_s, high_s = low_s - missing_s / 2, high_s + missing_s / 2
    lengths = [longest_for_muting_s(word.text) for word in words]
    scale = (high_s - low_s) / sum(lengths)
    shared: list[tuple[float, float]] = []
    for length in lengths:
        end_s = low_s + length * scale
        shared.append((max(low_s, 0.0), max(end_s, 0.0)))
        low_s = end_s
    return shared
