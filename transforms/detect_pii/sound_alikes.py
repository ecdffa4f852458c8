"""Terms as recognisers misspell them: `Siobhan Kowalczyk` heard as `Shivon Kalkzek`, `MacDonald` as `Mac Donald`.

The rule was set on what a recogniser made of names and invented words that a synthetic voice said over a telephone:
`docs/rules.md` has what it finds, and what it finds wrongly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from transforms.detect_pii.sounds import likeness
from transforms.detect_pii.tokens import Token, plain_words

# A term is compared with this many words fewer and more than it has: names are written together and cut apart.
_FEWER_WORDS, _MORE_WORDS = 1, 2
_LEAST_LENGTH_RATIO = 0.6
_LEAST_WRITTEN = 0.4
_SHORTEST = 4
# An everyday word at an end is part of the term only if it makes it this much more alike.
_GAIN_OF_AN_EDGE = 0.08


class _Least(NamedTuple):
    """How alike a term and what was heard must be: where a word of it is rare, and where all are everyday words."""

    rare: float
    everyday: float


# By the number of letters from which it holds, the longest first. Nothing is more alike than 1: that is never.
_NEVER = 1.1
_LEAST_BY_LETTERS = (
    (12, _Least(0.6, 0.82)),
    (8, _Least(0.65, 0.82)),
    (6, _Least(0.75, 0.9)),
    (4, _Least(0.85, _NEVER)),
)


class SoundAlike(NamedTuple):
    """Words that sound like a term: first and last token (inclusive), and how alike they are, 0 to 1."""

    term: str
    first: int
    last: int
    likeness: float


class SoundAlikes:
    """Finds terms by their sound.

    Short terms and everyday words need more likeness, terms of fewer than four letters are not looked for, nor are
    those with digits in them: `Area 51` is not `area 15`.

    Args:
      terms: As they are written.
      is_everyday: Whether a plain word is one that everybody says.
    """

    def __init__(self, terms: Iterable[str], is_everyday: Callable[[str], bool]) -> None:
        self._is_everyday = is_everyday
        self._terms = [
            (term, "".join(words), len(words))
            for term in dict.fromkeys(terms)
            if (words := plain_words(term)) and sum(map(len, words)) >= _SHORTEST and "".join(words).isalpha()
        ]

    def find(self, tokens: Sequence[Token]) -> Iterator[SoundAlike]:
        """The most alike words for all terms, none of them twice, in no order."""
        if not self._terms or not tokens:
            return
        most_words = max(words for _, _, words in self._terms) + _MORE_WORDS
        windows = _windows(tokens, most_words, self._is_everyday)
        found = sorted(
            (alike for term in self._terms for alike in _alike(*term, windows)),
            key=lambda one: (-one.likeness, one.last - one.first, one.first),
        )
        taken: set[int] = set()
        for one in found:
            places = range(one.first, one.last + 1)
            if taken.isdisjoint(places):
                taken.update(places)
                yield one


class _Window(NamedTuple):
    """Neighbouring tokens, and their letters together.

    Attributes:
      first, last: Tokens, inclusive.
      shorter: The letters without an everyday word at either end, which may belong to the sentence around.
    """

    first: int
    last: int
    letters: str
    shorter: tuple[str, ...]


class _Windows(NamedTuple):
    rare: list[_Window]
    everyday: list[_Window]


def _windows(tokens: Sequence[Token], most_words: int, is_everyday: Callable[[str], bool]) -> _Windows:
    windows = _Windows([], [])
    everyday = [is_everyday(token.plain) for token in tokens]
    letters = [token.plain.replace("'", "") for token in tokens]
    for first in range(len(tokens)):
        for last in range(first, min(first + most_words, len(tokens))):
            if any(character.isdigit() for character in letters[last]) or (
                last > first and tokens[last].begins_sentence
            ):
                break
            places = range(first, last + 1)
            kind = windows.everyday if all(everyday[place] for place in places) else windows.rare
            edges = {places[1:]: everyday[first], places[:-1]: everyday[last]} if last > first else {}
            shorter = tuple("".join(letters[at] for at in inner) for inner, is_word in edges.items() if is_word)
            kind.append(_Window(first, last, "".join(letters[first : last + 1]), shorter))
    return windows


def _alike(term: str, letters: str, words: int, windows: _Windows) -> Iterator[SoundAlike]:
    least = next(least for length, least in _LEAST_BY_LETTERS if len(letters) >= length)
    for places, enough in ((windows.rare, least.rare), (windows.everyday, least.everyday)):
        if enough == _NEVER:
            continue
        # What is written too differently cannot be made up for by its sound.
        written = max(_LEAST_WRITTEN, 2 * enough - 1)
        heard = [window.letters for window in places]
        for other, _, number in process.extract_iter(
            letters, heard, scorer=Levenshtein.normalized_similarity, score_cutoff=written
        ):
            window = places[number]
            if not words - _FEWER_WORDS <= window.last - window.first + 1 <= words + _MORE_WORDS:
                continue
            if min(len(letters), len(other)) < _LEAST_LENGTH_RATIO * max(len(letters), len(other)):
                continue
            alike = likeness(letters, other)
            if alike >= max([enough, *(likeness(letters, inner) + _GAIN_OF_AN_EDGE for inner in window.shorter)]):
                yield SoundAlike(term, window.first, window.last, alike)
