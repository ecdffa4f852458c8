"""Whether two words may be the same word heard twice: recognisers write Kavalczyk and Cavalchick for one name."""

from __future__ import annotations

import re
from functools import lru_cache

from rapidfuzz.distance import Levenshtein

# Longest spellings first. Consonants that telephones and accents confuse share a letter.
_SOUNDS = (
    ("sch", "x"),
    ("tch", "x"),
    ("cz", "x"),
    ("ch", "x"),
    ("sh", "x"),
    ("sz", "x"),
    ("zh", "x"),
    ("ck", "k"),
    ("ph", "f"),
    ("gh", ""),
    ("wr", "r"),
    ("kn", "n"),
    ("ce", "s"),
    ("ci", "s"),
    ("cy", "s"),
)
_LETTERS = str.maketrans(
    {"c": "k", "q": "k", "g": "k", "w": "f", "v": "f", "z": "s", "j": "x", "d": "t", "b": "p", "m": "n"}
)
_SILENT_W = re.compile(r"w(?![aeiouy])")
_SILENT = re.compile(r"[^a-z]|(?<!^)[aeiouyh]")
_TELLING_SOUND = 4
_REPEATED = re.compile(r"(.)\1+")


@lru_cache(maxsize=65536)
def sound_of(word: str) -> str:
    """The consonants of a plain word, as a recogniser may confuse them, and whether it starts with a vowel."""
    sound = word
    for spelling, letter in _SOUNDS:
        sound = sound.replace(spelling, letter)
    sound = _SILENT.sub("", _SILENT_W.sub("", sound).translate(_LETTERS))
    if sound and sound[0] in "aeiouyh":
        sound = "a" + sound[1:]
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
