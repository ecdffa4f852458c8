"""Words with times, from tokens and their alignment to one window of sound.

Whisper's alignment says when the model's attention moves on to the next token. That is early: a little within speech,
and by the whole length of a pause before the first word after it. Muting depends on these times, so they are set right
here against the speech that the voice activity detector heard.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from faster_whisper.tokenizer import Tokenizer

from hushbeam.schemas.transcript import Utterance, Word
from hushbeam.transforms.transcribe.vad import RATE_HZ
from hushbeam.transforms.transcribe.windows import Window

TOKENS_PER_SECOND = 50
"""Steps of the alignment: 20 ms."""

UTTERANCE_PAUSE_S = 0.8
"""A longer pause ends an utterance."""

_EARLY_S = 0.08
_TAIL_S = 0.7
"""Sound after the last word before a pause that still belongs to it."""

_SHORTEST_S = 0.1
"""Nothing is said in less. The alignment gives no time at all to some words."""

_PREPENDED = "\"'“¿([{-"
_APPENDED = "\"'.。,，!！?？:：”)]}、"


@dataclass(frozen=True)
class TimedText:
    """A word in the time of its window, in seconds."""

    text: str
    start_s: float
    end_s: float
    confidence: float

    def __repr__(self) -> str:
        return f"TimedText({self.start_s:.2f}-{self.end_s:.2f} s)"


def timed_texts(
    tokenizer: Tokenizer,
    tokens: Sequence[int],
    alignment: Sequence[tuple[int, int]],
    probabilities: Sequence[float],
    window: Window,
) -> list[TimedText]:
    """Joins tokens into words, with punctuation on the word that it belongs to.

    Args:
      tokens: Text tokens, without special ones.
      alignment: Pairs of token index and time step, as CTranslate2 gives them.
      probabilities: Of each token.
      window: Says where speech was detected.
    """
    if not tokens or not alignment:
        return []
    starts = _first_steps(alignment, len(tokens) + 1) / TOKENS_PER_SECOND
    pieces = [tokenizer.decode([token]) for token in tokens]
    loud = [any(character.isalnum() for character in piece) or "\ufffd" in piece for piece in pieces]
    speech = [(start / RATE_HZ, stop / RATE_HZ) for start, stop in window.speech]
    spans = settle(list(pairwise(starts.tolist())), loud, speech)
    texts, parts = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
    words: list[TimedText] = []
    first = 0
    for text, part in zip(texts[:-1], parts[:-1], strict=True):
        last = first + len(part)
        for begin, end in _unbroken(spans, loud, first, last):
            audible = [span for span, transcribed in zip(spans[begin:end], loud[begin:end], strict=True) if transcribed]
            start_s, end_s = (audible[0][0], audible[-1][1]) if audible else (spans[begin][0], spans[begin][0])
            shown = text if (begin, end) == (first, last) else tokenizer.decode(list(tokens[begin:end]))
            words.append(TimedText(shown, start_s, end_s, float(np.mean(probabilities[begin:end]))))
        first = last
    return _with_punctuation(words)


def settle(
    spans: Sequence[tuple[float, float]], loud: Sequence[bool], speech: Sequence[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Sets the times of aligned tokens right, in seconds of one window.

    A token whose range reaches over a pause was said after it. The last token before a pause lasts to the end of the
    sound. Punctuation takes no time.

    Args:
      spans: Ordered, each beginning where the one before ends.
      loud: Whether a token can be heard at all.
      speech: Detected speech, ordered, apart from each other.

    Returns:
      Ranges of the same tokens: ordered by start, none of negative length.
    """
    settled: list[tuple[float, float]] = []
    onset_wanted = 0.0
    for (aligned_start, aligned_end), transcribed in zip(spans, loud, strict=True):
        start, end = aligned_start + _EARLY_S, aligned_end + _EARLY_S
        if settled:
            start = max(start, settled[-1][0])
        if not transcribed:
            settled.append((start, start))
            onset_wanted = start
            continue
        # The first sound after punctuation may have begun within the punctuation's range.
        onset = _last_onset(speech, min(start, onset_wanted or start), end)
        if onset is not None:
            start = onset
        settled.append((start, max(end, start + _SHORTEST_S)))
        onset_wanted = 0.0
    return _lengthened(settled, loud, speech)


def _last_onset(speech: Sequence[tuple[float, float]], start: float, end: float) -> float | None:
    """Where speech begins after the last pause within a range, if there is one."""
    onsets = [onset for onset, _ in speech if start < onset <= end + _EARLY_S]
    return onsets[-1] if onsets else None


def _lengthened(
    spans: list[tuple[float, float]], loud: Sequence[bool], speech: Sequence[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Lets the last token before a pause last as long as the sound does."""
    lengthened = list(spans)
    audible = [index for index, transcribed in enumerate(loud) if transcribed]
    next_starts = [*(spans[index][0] for index in audible[1:]), float("inf")]
    for index, next_start in zip(audible, next_starts, strict=False):
        start, end = spans[index]
        for onset, stop in speech:
            if onset <= end <= stop <= next_start:
                lengthened[index] = (start, stop if stop - end <= _TAIL_S else end)
            elif onset <= end and next_start <= stop and 0 < next_start - end <= _TAIL_S:
                # Sound without a pause: what lies between two words is the end of the first.
                lengthened[index] = (start, next_start)
            elif start < stop < end:
                # The alignment let the token go on into the pause.
                lengthened[index] = (start, max(stop, start + _SHORTEST_S))
    return lengthened


def _first_steps(alignment: Sequence[tuple[int, int]], count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The step at which the alignment reaches each token; tokens that it never reaches take the step of the next."""
    tokens, steps = np.array(alignment).T
    firsts = np.full(count, np.inf)
    np.minimum.at(firsts, np.minimum(tokens, count - 1), steps)
    firsts[-1] = min(firsts[-1], steps[-1])
    reached: np.ndarray[tuple[int], np.dtype[np.float64]] = np.minimum.accumulate(firsts[::-1])[::-1]
    return reached


def _unbroken(
    spans: Sequence[tuple[float, float]], loud: Sequence[bool], first: int, last: int
) -> Iterator[tuple[int, int]]:
    """Splits a word's tokens where a long pause lies in between: two turns that were written as one number."""
    begin, previous = first, None
    for index in range(first, last):
        if not loud[index]:
            continue
        if previous is not None and spans[index][0] - spans[previous][1] > UTTERANCE_PAUSE_S:
            yield begin, previous + 1
            begin = previous + 1
        previous = index
    yield begin, last


def _with_punctuation(words: list[TimedText]) -> list[TimedText]:
    joined: list[TimedText] = []
    opening: TimedText | None = None
    for word in words:
        current = word
        if opening is not None:
            current = replace(word, text=opening.text + word.text)
            opening = None
        if current.text.startswith(" ") and current.text.strip() in _PREPENDED:
            opening = current
        elif joined and current.text in _APPENDED:
            joined[-1] = replace(joined[-1], text=joined[-1].text + current.text)
        else:
            joined.append(current)
    if opening is not None:
        joined.append(opening)
    return joined


def place(words: Sequence[TimedText], window: Window, channel: int, start_s: float) -> list[Word]:
    """Words of a window at their times in the recording.

    Args:
      start_s: Where the channel's first sample lies in the recording.
    """
    placed = []
    for word in words:
        piece = window.piece_at((word.start_s + word.end_s) / 2 * RATE_HZ)
        shift = start_s + (piece.source - piece.offset) / RATE_HZ
        low, high = piece.offset / RATE_HZ, (piece.offset + piece.length) / RATE_HZ
        start, end = (min(max(moment, low), high) + shift for moment in (word.start_s, word.end_s))
        placed.append(Word(word.text, round(start, 3), round(end, 3), round(word.confidence, 4), channel))
    return placed


def utterances(words: Sequence[Word]) -> list[Utterance]:
    """Splits the words of one channel, in order, at long pauses."""
    if not words:
        return []
    cuts = [
        index + 1
        for index, (word, following) in enumerate(pairwise(words))
        if following.start_s - word.end_s > UTTERANCE_PAUSE_S
    ]
    return [
        Utterance(words[start].channel, tuple(words[start:stop])) for start, stop in pairwise([0, *cuts, len(words)])
    ]
