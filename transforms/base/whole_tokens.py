"""Words that the recogniser wrote in pieces: ` 555`, `-867` and `-5309` are one number, and are redacted together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from hushbeam.schemas.transcript import Utterance, Word

Owner = TypeVar("Owner")


def spread_over_tokens(owners: Sequence[Owner | None], utterances: Iterable[Utterance]) -> list[Owner | None]:
    """Gives each free piece of a token to the owner of the piece before it, or else of the piece after it.

    Pieces that are only punctuation stay free.

    Args:
      owners: One for each word of the utterances; None for free words.
      utterances: All of a transcript.
    """
    spread = list(owners)
    position = 0
    for utterance in utterances:
        for first, last in _tokens(utterance.words):
            pieces = [
                position + piece
                for piece in range(first, last + 1)
                if spread[position + piece] is not None or any(map(str.isalnum, utterance.words[piece].text))
            ]
            for order in (pieces, pieces[::-1]):
                owner: Owner | None = None
                for piece in order:
                    if spread[piece] is None:
                        spread[piece] = owner
                    owner = spread[piece]
        position += len(utterance.words)
    return spread


def _tokens(words: Sequence[Word]) -> Iterator[tuple[int, int]]:
    """First and last (inclusive) piece of each token: pieces without a space between them."""
    first = 0
    for piece in range(1, len(words) + 1):
        if piece == len(words) or words[piece].text[:1].isspace():
            yield first, piece - 1
            first = piece
