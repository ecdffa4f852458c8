"""Whether two words may be the same word heard twice: recognisers write Kavalczyk and Cavalchick for one name."""

from __future__ import annotations

import re
from functools import lru_cache

import jellyfish
from rapidfuzz.distance import Levenshtein

# Metaphone reads English; this is how names of other languages write its sh, ch and v.
_SPELLINGS = (("sch", "sh"), ("tch", "ch"), ("cz", "ch"), ("sz", "sh"), ("zh", "sh"))
_SPOKEN_W = re.compile("w(?=[aeiouy])")
# Metaphone's consonants, those that telephones and accents confuse in one. It writes 0 for th, X for sh and ch, and
# keeps H, W and Y where they are heard, which is the least certain part of what a recogniser hears.
_CONFUSED = str.maketrans(
    {"B": "P", "V": "F", "D": "T", "0": "T", "G": "K", "Z": "S", "M": "N", "J": "X", "H": "", "W": "", "Y": ""}
)
_TELLING_SOUND = 4
_REPEATED = re.compile(r"(.)\1+")


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
