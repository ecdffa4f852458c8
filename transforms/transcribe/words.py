"""Words with times, from tokens and their alignment to one window of audio.

Whisper's alignment gives the moment at which the model's attention moves on to the next token. That is too early: a
little within speech, and by the whole pause for the first word after a pause. Muting depends on these times, so they
are corrected here with the speech that the voice activity detector found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from faster_whisper.tokenizer import Tokenizer

from hushbeam.schemas.transcript import Utterance, Word
from hushbeam.transforms.media.samples import RECOGNISER_RATE_HZ
from hushbeam.transforms.transcribe.windows import Window

TOKENS_PER_SECOND = 50
"""Steps of the alignment: 20 ms."""

UTTERANCE_PAUSE_S = 0.8
"""A longer pause ends an utterance."""

_EARLY_S = 0.08
_TAIL_S = 0.7
"""Audio after the last word before a pause that still belongs to the word."""

_SHORTEST_S = 0.1
"""The shortest word. The alignment gives some words no time at all."""

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
      window: The window of the tokens, with its detected speech.
    """
    if not tokens or not alignment:
        return []
    starts = _first_steps(alignment, len(tokens) + 1) / TOKENS_PER_SECOND
    pieces = [tokenizer.decode([token]) for token in tokens]
    spoken = [any(character.isalnum() for character in piece) or "\ufffd" in piece for piece in pieces]
    speech = [(start / RECOGNISER_RATE_HZ, stop / RECOGNISER_RATE_HZ) for start, stop in window.speech]
    spans = settle(list(pairwise(starts.tolist())), spoken, speech)
    texts, parts = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
    words: list[TimedText] = []
    first = 0
    for text, part in zip(texts[:-1], parts[:-1], strict=True):
        last = first + len(part)
        for begin, end in _unbroken(spans, spoken, first, last):
            audible = [span for span, is_spoken in zip(spans[begin:end], spoken[begin:end], strict=True) if is_spoken]
            start_s, end_s = (audible[0][0], audible[-1][1]) if audible else (spans[begin][0], spans[begin][0])
            shown = text if (begin, end) == (first, last) else tokenizer.decode(list(tokens[begin:end]))
            words.append(TimedText(shown, start_s, end_s, float(np.mean(probabilities[begin:end]))))
        first = last
    return _with_punctuation(words)


def settle(
    spans: Sequence[tuple[float, float]], spoken: Sequence[bool], speech: Sequence[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Corrects the times of aligned tokens, in seconds of one window.

    A token whose range reaches over a pause was spoken after it. The last token before a pause lasts to the end of the
    audio before the pause. Punctuation takes no time.

    Args:
      spans: Ordered, each beginning where the one before ends.
      spoken: Whether a token is spoken; punctuation is not.
      speech: Detected speech, ordered, apart from each other.

    Returns:
      Ranges of the same tokens, ordered by start, of no negative length.
    """
    settled: list[tuple[float, float]] = []
    onset_wanted = 0.0
    for (aligned_start, aligned_end), is_spoken in zip(spans, spoken, strict=True):
        start, end = aligned_start + _EARLY_S, aligned_end + _EARLY_S
        if settled:
            start = max(start, settled[-1][0])
        if not is_spoken:
            settled.append((start, start))
            onset_wanted = start
            continue
        # The first word after punctuation may have begun within the punctuation's range.
        onset = _last_onset(speech, min(start, onset_wanted or start), end)
        if onset is not None:
            start = onset
        settled.append((start, max(end, start + _SHORTEST_S)))
        onset_wanted = 0.0
    return _lengthened(settled, spoken, speech)


def _last_onset(speech: Sequence[tuple[float, float]], start: float, end: float) -> float | None:
    """Where speech begins after the last pause within a range, if the range holds a pause."""
    onsets = [onset for onset, _ in speech if start < onset <= end + _EARLY_S]
    return onsets[-1] if onsets else None


def _lengthened(
    spans: list[tuple[float, float]], spoken: Sequence[bool], speech: Sequence[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Extends the last token before a pause to the end of the speech."""
    lengthened = list(spans)
    audible = [index for index, is_spoken in enumerate(spoken) if is_spoken]
    next_starts = [*(spans[index][0] for index in audible[1:]), float("inf")]
    for index, next_start in zip(audible, next_starts, strict=False):
        start, end = spans[index]
        for onset, stop in speech:
            if onset <= end <= stop <= next_start:
                lengthened[index] = (start, stop if stop - end <= _TAIL_S else end)
            elif onset <= end and next_start <= stop and 0 < next_start - end <= _TAIL_S:
                # Speech without a pause: the time between two words is the end of the first.
                lengthened[index] = (start, next_start)
            elif start < stop < end:
                # The alignment extended the token into the pause.
                lengthened[index] = (start, max(stop, start + _SHORTEST_S))
    return lengthened


def _first_steps(alignment: Sequence[tuple[int, int]], count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The first step of each token in the alignment; a token without one takes the step of the next token."""
    tokens, steps = np.array(alignment).T
    firsts = np.full(count, np.inf)
    np.minimum.at(firsts, np.minimum(tokens, count - 1), steps)
    firsts[-1] = min(firsts[-1], steps[-1])
    reached: np.ndarray[tuple[int], np.dtype[np.float64]] = np.minimum.accumulate(firsts[::-1])[::-1]
    return reached


def _unbroken(
    spans: Sequence[tuple[float, float]], spoken: Sequence[bool], first: int, last: int
) -> Iterator[tuple[int, int]]:
    """Splits a word's tokens at long pauses: the model wrote two turns as one number."""
    begin, previous = first, None
    for index in range(first, last):
        if not spoken[index]:
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
        piece = window.piece_at((word.start_s + word.end_s) / 2 * RECOGNISER_RATE_HZ)
        shift = start_s + (piece.source - piece.offset) / RECOGNISER_RATE_HZ
        low, high = piece.offset / RECOGNISER_RATE_HZ, (piece.offset + piece.length) / RECOGNISER_RATE_HZ
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


def conversation(channels: Iterable[Sequence[Word]]) -> tuple[Utterance, ...]:
    """The utterances of all channels, ordered by start, from the words of each channel in order."""
    spoken = [utterance for words in channels for utterance in utterances(words)]
    return tuple(sorted(spoken, key=lambda utterance: (utterance.start_s, utterance.channel)))
