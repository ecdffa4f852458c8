"""Words with times, from tokens and their alignment to one window of sound."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from faster_whisper.tokenizer import Tokenizer

from schemas.transcript import Utterance, Word
from transforms.transcribe.vad import RATE_HZ
from transforms.transcribe.windows import Window

TOKENS_PER_SECOND = 50
"""Steps of the alignment: 20 ms."""

UTTERANCE_PAUSE_S = 0.8
"""A longer pause ends an utterance."""

_PREPENDED = "\"'“¿([{-"
_APPENDED = "\"'.。,，!！?？:：”)]}、"


@dataclass(frozen=True)
class TimedText:
    """A word in the time of its window, in seconds."""

    text: str
    start_s: float
    end_s: float
    confidence: float


def timed_texts(
    tokenizer: Tokenizer,
    tokens: Sequence[int],
    alignment: Sequence[tuple[int, int]],
    probabilities: Sequence[float],
) -> list[TimedText]:
    """Joins tokens into words, with punctuation on the word that it belongs to.

    Args:
      tokens: Text tokens, without special ones.
      alignment: Pairs of token index and time step, as CTranslate2 gives them.
      probabilities: Of each token.
    """
    if not tokens or not alignment:
        return []
    texts, parts = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
    token_index, time_index = np.array(alignment).T
    first_steps = np.concatenate(([True], np.diff(token_index) > 0))
    starts = time_index[first_steps] / TOKENS_PER_SECOND
    bounds = np.concatenate(([0], np.cumsum([len(part) for part in parts[:-1]])))
    if bounds[-1] >= len(starts):
        bounds = np.minimum(bounds, len(starts) - 1)
    words = [
        TimedText(text, float(starts[a]), float(starts[b]), float(np.mean(probabilities[a:b])) if b > a else 0.0)
        for text, a, b in zip(texts[:-1], bounds[:-1], bounds[1:], strict=True)
    ]
    return _with_punctuation(words)


def _with_punctuation(words: list[TimedText]) -> list[TimedText]:
    joined: list[TimedText] = []
    opening: TimedText | None = None
    for word in words:
        current = word
        if opening is not None:
            current = TimedText(opening.text + word.text, opening.start_s, word.end_s, word.confidence)
            opening = None
        if current.text.startswith(" ") and current.text.strip() in _PREPENDED:
            opening = current
        elif joined and word.text in _APPENDED:
            joined[-1] = replace(joined[-1], text=joined[-1].text + word.text)
        else:
            joined.append(current)
    if opening is not None:
        joined.append(opening)
    return joined


def plausible_s(text: str) -> float:
    """The longest that a word can take to say: digits and single letters are said one by one."""
    digits = len(re.findall(r"\d", text))
    letters = len(re.findall(r"[^\W\d_]", text))
    return 0.5 + 0.12 * letters + 0.55 * digits


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
