"""Windows of tokens over a whole conversation, as the conversation model reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from hushbeam.schemas.transcript import Transcript

Numbers = NDArray[np.int32]

NO_WORD = -1
"""Word of a token that stands for no word: the borders of turns."""


@dataclass(frozen=True)
class TokenisedConversation:
    """The tokens of all turns, a separator after each turn.

    Attributes:
      tokens: Numbers of the vocabulary.
      channels: 0 or 1: the channel of each token's turn, modulo 2.
      words: The word of each token, counted over `Transcript.words`, or `NO_WORD`.
    """

    tokens: Numbers
    channels: Numbers
    words: Numbers


@dataclass(frozen=True)
class Window:
    """Positions of a conversation's tokens (last exclusive) that the model reads together.

    Attributes:
      first, last: All of them.
      first_kept, last_kept: Those whose result counts, as the neighbouring windows see less around them.
    """

    first: int
    last: int
    first_kept: int
    last_kept: int


def tokenise(transcript: Transcript, tokenizer: Tokenizer) -> TokenisedConversation:
    """Tokenises every utterance as one text, so that the pieces of a word that a recogniser cut are read together."""
    separator = tokenizer.token_to_id("[SEP]")
    assert separator is not None
    texts = ["".join(word.text for word in utterance.words) for utterance in transcript.utterances]
    tokens: list[int] = []
    channels: list[int] = []
    words: list[int] = []
    first_word = 0
    for utterance, text in zip(transcript.utterances, texts, strict=True):
        # One by one: a batch would use all cores, which work on other recordings.
        encoding = tokenizer.encode(text, add_special_tokens=False)
        word_of_character = [
            first_word + place for place, word in enumerate(utterance.words) for _ in range(len(word.text))
        ]
        tokens += encoding.ids
        words += [word_of_character[start] for start, _ in encoding.offsets]
        tokens.append(separator)
        words.append(NO_WORD)
        channels += [utterance.channel % 2] * (len(encoding.ids) + 1)
        first_word += len(utterance.words)
    return TokenisedConversation(*(np.array(values, dtype=np.int32) for values in (tokens, channels, words)))


def windows(count: int, size: int, stride: int) -> Iterator[Window]:
    """Cuts `count` tokens into windows of at most `size` that overlap by `size - stride`; each token is kept once."""
    if not count:
        return
    margin = (size - stride) // 2
    first = first_kept = 0
    while True:
        last = min(count, first + size)
        last_kept = count if last == count else last - margin
        yield Window(first, last, first_kept, last_kept)
        if last == count:
            return
        first_kept = last_kept
        first = min(first + stride, count - size)


def of_words(values: Sequence[int] | Numbers, conversation: TokenisedConversation) -> Numbers:
    """Values by word as values by token; 0 for a token of no word."""
    padded = np.append(np.asarray(values, dtype=np.int32), np.int32(0))
    return padded[conversation.words]
