"""Atoms: the smallest parts of a transcript that have a meaning.

Recognisers write the same digits as `614-555-0192`, `6, 1, 4`, `six one four` or `for 1111`. Atoms are their
common form: characters, their meaning, and their place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from hushbeam.transforms.detect_pii.languages import Language

_ATOM = re.compile(r"\d+|[^\W\d_]+(?:['’][^\W\d_]+)*|[^\w\s]|_")


# mille neuf cent quatre-vingt-dix-sept
_LONGEST_PHRASE = 7


class Kind(Enum):
    """Kinds of atoms."""

    DIGITS = "numerals as written: 614; a number phrase: quatre-vingt-douze"
    DIGIT = "a digit as a word: oh"
    TEEN = "ten to nineteen as a word"
    TENS = "twenty to ninety as a word"
    HUNDRED = "a word that multiplies by a hundred"
    THOUSAND = "a word that multiplies by a thousand or more"
    REPEAT = "a word that doubles what follows: triple"
    LETTER = "a letter by itself"
    WORD = "any other word"
    SYMBOL = "a punctuation mark or sign"


class Atom(NamedTuple):
    """One part of the text.

    Attributes:
      kind: Meaning of the characters.
      value: Digits for numbers (`4`, `14`, `40`), the count for REPEAT, an upper-case letter for LETTER, the word in
        lower case without apostrophes for WORD, the sign for SYMBOL.
      start, end: Characters of the conversation's text, end exclusive.
    """

    kind: Kind
    value: str
    start: int
    end: int

    @property
    def is_number(self) -> bool:
        """Whether it can stand alone as digits."""
        return self.kind in NUMBERS

    def __repr__(self) -> str:
        return f"Atom({self.kind.name}, {self.start}-{self.end})"


NUMBERS = frozenset({Kind.DIGITS, Kind.DIGIT, Kind.TEEN, Kind.TENS})


def split_into_atoms(text: str, language: Language) -> tuple[Atom, ...]:
    """All atoms of a text in order. White space is not part of any atom."""
    known = _known_words(language)
    atoms: list[Atom] = []
    matches = list(_ATOM.finditer(text))
    position = 0
    while position < len(matches):
        last, atom = _phrase_at(text, matches, position, language) if language.number_phrases else (position, None)
        atoms.append(atom or _atom(matches[position], known))
        position = last + 1
    return tuple(atoms)


def _atom(match: re.Match[str], known: Mapping[str, tuple[Kind, str]]) -> Atom:
    start, end = match.span()
    written = match.group()
    if written.isdigit():
        return Atom(Kind.DIGITS, written, start, end)
    if not written[0].isalpha():
        return Atom(Kind.SYMBOL, written, start, end)
    value = _plain(written)
    kind_and_value = known.get(value)
    if kind_and_value is not None:
        return Atom(*kind_and_value, start, end)
    if len(value) == 1:
        return Atom(Kind.LETTER, value.upper(), start, end)
    return Atom(Kind.WORD, value, start, end)


def _plain(written: str) -> str:
    return written.lower().replace("'", "").replace("’", "")


def _phrase_at(
    text: str, matches: Sequence[re.Match[str]], position: int, language: Language
) -> tuple[int, Atom | None]:
    """The longest number phrase that starts at a match: its last match and its atom, or None."""
    last, found = position, None
    words: tuple[str, ...] = ()
    end = position
    while len(words) < _LONGEST_PHRASE:
        words = (*words, _plain(matches[end].group()))
        value = language.number_phrases.get(words)
        if value is not None:
            last, found = end, Atom(Kind.DIGITS, value, matches[position].start(), matches[end].end())
        following = end + 1
        if following + 1 < len(matches) and matches[following].group() == "-":
            following += 1
        if following >= len(matches) or text[matches[end].end() : matches[following].start()] not in (" ", "-"):
            break
        end = following
    return last, found


def _known_words(language: Language) -> dict[str, tuple[Kind, str]]:
    known: dict[str, tuple[Kind, str]] = {}
    for kind, values in (
        (Kind.DIGIT, language.digits),
        (Kind.TEEN, language.teens),
        (Kind.TENS, language.tens),
        (Kind.REPEAT, language.repeats),
    ):
        known |= {word: (kind, value) for word, value in values.items()}
    known |= {word: (Kind.HUNDRED, "00") for word in language.hundreds}
    known |= {word: (Kind.THOUSAND, "000") for word in language.thousands}
    return known
