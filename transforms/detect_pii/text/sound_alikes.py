"""Search for misrecognised terms: `Siobhan Kowalczyk` as `Shivon Kalkzek`, `MacDonald` as `Mac Donald`.

The thresholds were set with names and invented words that a synthetic voice said over a telephone line. `docs/rules.md`
has the measured recall and false positives.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import jellyfish
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from hushbeam.transforms.detect_pii.text.tokens import Token, plain_words

# Metaphone reads English; this is how names of other languages write its sh, ch and v.
_SPELLINGS = (("sch", "sh"), ("tch", "ch"), ("cz", "ch"), ("sz", "sh"), ("zh", "sh"))
_SPOKEN_W = re.compile("w(?=[aeiouy])")
# Metaphone's consonants, those that telephones and accents confuse in one. It writes 0 for th, X for sh and ch, and
# keeps H, W and Y if they are pronounced, which speech recognisers recognise least reliably.
_CONFUSED = str.maketrans(
    {"B": "P", "V": "F", "D": "T", "0": "T", "G": "K", "Z": "S", "M": "N", "J": "X", "H": "", "W": "", "Y": ""}
)
_TELLING_SOUND = 4
_REPEATED = re.compile(r"(.)\1+")
# A term is compared with this many words fewer and more than it has: names are written together and cut apart.
_FEWER_WORDS, _MORE_WORDS = 1, 2
_LEAST_LENGTH_RATIO = 0.6
_LEAST_WRITTEN = 0.4
_SHORTEST = 4
# An everyday word at an end is part of the term only if it makes it this much more alike.
_GAIN_OF_AN_EDGE = 0.08


class _Least(NamedTuple):
    """Least likeness of a term and the recognised words, if one of them is rare and if all are everyday words."""

    rare: float
    everyday: float


# By the least number of letters, the longest first. Likeness is at most 1, so a larger threshold is never reached.
_NEVER = 1.1
_LEAST_BY_LETTERS = (
    (12, _Least(0.6, 0.82)),
    (8, _Least(0.65, 0.82)),
    (6, _Least(0.75, 0.9)),
    (4, _Least(0.85, _NEVER)),
)


@lru_cache(maxsize=65536)
def sound_of(word: str) -> str:
    """The consonants of a plain word, as a recogniser may confuse them, and whether it starts with a vowel."""
    for spelling, english in _SPELLINGS:
        word = word.replace(spelling, english)
    sound = jellyfish.metaphone(_SPOKEN_W.sub("v", word)).replace(" ", "").replace("KS", "S").translate(_CONFUSED)
    if sound and sound[0] in "AEIOU":
        sound = "A" + sound[1:]
    return _REPEATED.sub(r"\1", sound)


def sounds_like(one: str, other: str, least: float) -> bool:
    """Whether two plain words may be one: they have the same consonants, four or more, or a `likeness` of `least`."""
    if abs(len(one) - len(other)) > max(len(one), len(other)) // 2:
        return False
    sound = sound_of(one)
    return (len(sound) >= _TELLING_SOUND and sound == sound_of(other)) or likeness(one, other) >= least


def likeness(one: str, other: str) -> float:
    """How alike two plain words are, 0 to 1: the mean of how alike they are written and how alike they sound."""
    written = Levenshtein.normalized_similarity(one, other)
    return (written + Levenshtein.normalized_similarity(sound_of(one), sound_of(other))) / 2


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
      terms: Written terms.
      is_everyday: Whether a plain word is an everyday word.
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
        most_letters = max(len(letters) for _, letters, _ in self._terms) / _LEAST_LENGTH_RATIO
        all_windows = _Windows(tokens, most_words, most_letters, self._is_everyday)
        found = sorted(
            (alike for term in self._terms for alike in _alike(*term, all_windows)),
            key=lambda one: (-one.likeness, one.last - one.first, one.first),
        )
        taken: set[int] = set()
        for one in found:
            places = range(one.first, one.last + 1)
            if taken.isdisjoint(places):
                taken.update(places)
                yield one


class _Window(NamedTuple):
    """Neighbouring tokens (first and last, inclusive), and their letters together."""

    first: int
    last: int
    letters: str


class _Windows:
    """The windows of a conversation: those with a rare word, and those of everyday words alone."""

    def __init__(
        self, tokens: Sequence[Token], most_words: int, most_letters: float, is_everyday: Callable[[str], bool]
    ) -> None:
        self._letters = [token.plain.replace("'", "") for token in tokens]
        self._everyday = [is_everyday(token.plain) for token in tokens]
        self.rare: list[_Window] = []
        self.everyday: list[_Window] = []
        ends = [token.begins_sentence for token in tokens]
        unspoken = [not letters.isalpha() for letters in self._letters]
        for first in range(len(tokens)):
            letters, everyday = "", True
            for last in range(first, min(first + most_words, len(tokens))):
                if unspoken[last] or (last > first and ends[last]):
                    break
                letters += self._letters[last]
                if len(letters) > most_letters:
                    break
                everyday = everyday and self._everyday[last]
                (self.everyday if everyday else self.rare).append(_Window(first, last, letters))

    def without_everyday_edges(self, window: _Window) -> Iterator[str]:
        """Its letters without the first or the last word, where that may belong to the sentence around."""
        if window.last > window.first:
            if self._everyday[window.first]:
                yield "".join(self._letters[window.first + 1 : window.last + 1])
            if self._everyday[window.last]:
                yield "".join(self._letters[window.first : window.last])


def _alike(term: str, letters: str, words: int, all_windows: _Windows) -> Iterator[SoundAlike]:
    least = next(least for length, least in _LEAST_BY_LETTERS if len(letters) >= length)
    for windows, enough in ((all_windows.rare, least.rare), (all_windows.everyday, least.everyday)):
        if enough == _NEVER:
            continue
        # Likeness in sound cannot make up for too little likeness in writing.
        written = max(_LEAST_WRITTEN, 2 * enough - 1)
        written_letters = [window.letters for window in windows]
        for other, _, number in process.extract_iter(
            letters, written_letters, scorer=Levenshtein.normalized_similarity, score_cutoff=written
        ):
            window = windows[number]
            if not words - _FEWER_WORDS <= window.last - window.first + 1 <= words + _MORE_WORDS:
                continue
            if min(len(letters), len(other)) < _LEAST_LENGTH_RATIO * max(len(letters), len(other)):
                continue
            alike = likeness(letters, other)
            edges = (likeness(letters, inner) for inner in all_windows.without_everyday_edges(window))
            if alike >= enough and all(alike >= shorter + _GAIN_OF_AN_EDGE for shorter in edges):
                yield SoundAlike(term, window.first, window.last, alike)
