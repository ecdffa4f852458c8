"""Spoken forms of values: digit by digit, in pairs, with doubles and hundreds, or spelled with a word for each letter.

A spoken value is a sequence of groups, the parts between which a speaker pauses or a recogniser may put a separator.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

Kind = Literal["word", "number", "digits", "letter", "connector"]

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = ("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_ALPHABETS = (
    "Alpha Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliet Kilo Lima Mike November Oscar Papa Quebec Romeo "
    "Sierra Tango Uniform Victor Whiskey X-ray Yankee Zulu",
    "apple boy cat dog elephant Frank George Harry ice Jack kite Larry Mary Nancy orange Peter queen Robert Sam Tom "
    "umbrella Victor water xylophone yellow zebra",
)
_LETTER_WORDS = tuple(tuple(words.split()) for words in _ALPHABETS)


@dataclass(frozen=True)
class Group:
    """A part of a value.

    Attributes:
      said: The words as they are spoken.
      written: What a recogniser that writes numbers and symbols writes for them.
      kind: `digits` groups may be joined by any separator; `letter` groups by hyphens; `connector` groups (dot, at)
        join their neighbours; `word` and `number` groups (a year, an age) stand alone.
      glued: Nothing stands between this group and the one before it when both are written.
    """

    said: tuple[str, ...]
    written: str
    kind: Kind
    glued: bool = False


Spoken = tuple[Group, ...]


def words(text: str) -> Spoken:
    """Words that are said and written alike."""
    return tuple(Group((word,), word, "word") for word in text.split())


def cardinal(number: int) -> list[str]:
    """A number below ten million in words."""
    if number < 10:
        return [DIGITS[number]]
    if number < 20:
        return [_TEENS[number - 10]]
    if number < 100:
        rest = [DIGITS[number % 10]] if number % 10 else []
        return [_TENS[number // 10], *rest]
    if number < 1000:
        return [DIGITS[number // 100], "hundred", *(cardinal(number % 100) if number % 100 else [])]
    if number < 1_000_000:
        return [*cardinal(number // 1000), "thousand", *(cardinal(number % 1000) if number % 1000 else [])]
    return [*cardinal(number // 1_000_000), "million", *(cardinal(number % 1_000_000) if number % 1_000_000 else [])]


def ordinal(number: int) -> list[str]:
    """A day of a month in words."""
    *front, last = cardinal(number)
    if last in _ORDINALS:
        return [*front, _ORDINALS[last]]
    return [*front, last[:-1] + "ieth" if last.endswith("y") else last + "th"]


def digit_group(digits: str, random: Random, plain: bool = False) -> Group:
    """Up to six digits that are said in one breath. `plain` says every digit by itself."""
    return Group(tuple(_say_digits(digits, random, plain)), digits, "digits")


def _say_digits(digits: str, random: Random, plain: bool) -> list[str]:
    style = "single" if plain else random.choices(("single", "repeats", "pairs", "whole"), (6, 2, 1.5, 1))[0]
    zero = random.choice(("zero", "oh"))
    if style == "pairs" and len(digits) in (2, 4, 6):
        return [word for start in range(0, len(digits), 2) for word in _pair(digits[start : start + 2], zero)]
    if style == "whole" and len(digits) == 3 and digits[0] != "0":
        return cardinal(int(digits)) if digits.endswith("00") else [DIGITS[int(digits[0])], *_pair(digits[1:], zero)]
    if style == "whole" and len(digits) == 4 and digits[0] != "0":
        if digits.endswith("000"):
            return cardinal(int(digits))
        return [*_pair(digits[:2], zero), *(["hundred"] if digits.endswith("00") else _pair(digits[2:], zero))]
    if style == "repeats":
        return _with_repeats(digits, zero)
    return [_digit(digit, zero) for digit in digits]


def _digit(digit: str, zero: str) -> str:
    return zero if digit == "0" else DIGITS[int(digit)]


def _pair(digits: str, zero: str) -> list[str]:
    if digits[0] == "0":
        return [zero, _digit(digits[1], zero)]
    return cardinal(int(digits))


def _with_repeats(digits: str, zero: str) -> list[str]:
    said: list[str] = []
    for run in re.finditer(r"(\d)\1{0,2}", digits):
        prefix = ("", "double", "triple")[len(run[0]) - 1]
        said += [prefix, _digit(run[1], zero)] if prefix else [_digit(run[1], zero)]
    return said


def grouped(digits: str, sizes: Sequence[int], random: Random, plain: bool = False) -> Spoken:
    """Digits in breaths of the given sizes; what is left is one more group."""
    groups, start = [], 0
    for size in (*sizes, len(digits)):
        if part := digits[start : start + size]:
            groups.append(digit_group(part, random, plain))
        start += size
    return tuple(groups)


def in_breaths(digits: str, random: Random) -> Spoken:
    """Digits in breaths of a speaker's own choice."""
    sizes: list[int] = []
    while sum(sizes) < len(digits):
        sizes.append(random.choice((2, 3, 3, 4)))
    return grouped(digits, sizes, random)


def letters(text: str, random: Random, with_words: bool | None = None) -> Spoken:
    """Letters one by one, some of them with a word: `R as in Romeo`. Spaces and hyphens are not said."""
    explain = random.random() < 0.35 if with_words is None else with_words
    alphabet = random.choice(_LETTER_WORDS)
    link = random.choice(("as in", "for", "as in"))
    groups: list[Group] = []
    for letter in text.upper():
        if not letter.isalpha():
            continue
        groups.append(Group((letter,), letter, "letter"))
        if explain and random.random() < 0.6:
            groups += words(f"{link} {alphabet[ord(letter) - ord('A')]}")
    return tuple(groups)


def alphanumeric(text: str, random: Random) -> Spoken:
    """An identifier of letters and digits: letters singly, digits in breaths, a dash said or not."""
    groups: list[Group] = []
    say_dash = random.random() < 0.3
    for part in re.findall(r"[A-Za-z]+|\d+|-", text):
        if part == "-":
            if say_dash:
                groups.append(Group(("dash",), "-", "connector"))
        elif part.isdigit():
            groups += in_breaths(part, random)
        else:
            groups += letters(part, random, with_words=random.random() < 0.2)
    return tuple(groups)


def email(address: str, random: Random) -> Spoken:
    """An address as it is said, now and then with its first part spelled."""
    local, domain = address.split("@")
    spell = random.random() < 0.2
    groups = [*_name_part(local, random, spell)]
    groups += [Group((random.choice(("at", "at", "at", "at", "at", "at sign")),), "@", "connector")]
    groups += _name_part(domain, random, spell=False)
    return tuple(groups)


def url(address: str, random: Random) -> Spoken:
    """A web address without its scheme."""
    return _name_part(address, random, spell=False)


_SYMBOLS = {
    ".": ("dot",),
    "_": ("underscore",),
    "-": ("dash", "hyphen", "minus"),
    "/": ("slash", "forward slash"),
    "+": ("plus",),
    "!": ("exclamation point", "exclamation mark"),
    "#": ("hash", "pound sign"),
}
_SHORT_ENDINGS = frozenset({"uk", "jp", "de", "fr", "edu", "io", "me", "ca", "us", "nl"})


def _name_part(text: str, random: Random, spell: bool) -> Spoken:
    groups: list[Group] = []
    for part in re.findall(r"[A-Za-z]+|\d+|[^A-Za-z\d]", text):
        if part.isdigit():
            said = _say_digits(part, random, plain=False) if len(part) != 4 else _year(int(part), random)
            groups.append(Group(tuple(said), part, "digits", glued=bool(groups)))
        elif part in _SYMBOLS:
            groups.append(Group(tuple(random.choice(_SYMBOLS[part]).split()), part, "connector"))
        elif part == "www":
            groups.append(Group(("w", "w", "w"), part, "word"))
        elif spell or part in _SHORT_ENDINGS:
            groups += [Group((letter.upper(),), letter, "letter", glued=not spell) for letter in part]
        else:
            groups.append(Group((part,), part, "word", glued=bool(groups) and groups[-1].kind != "connector"))
    return tuple(groups)


def _year(year: int, random: Random) -> list[str]:
    if 2000 <= year < 2010:
        return ["two", "thousand", *(cardinal(year % 100) if year % 100 else [])]
    if 2010 <= year < 2100 and random.random() < 0.3:
        return ["two", "thousand", "and", *cardinal(year % 100)]
    second = year % 100
    tail = ["hundred"] if not second else ["oh", DIGITS[second]] if second < 10 else cardinal(second)
    return [*cardinal(year // 100), *tail]


def date(day: datetime.date, random: Random, with_year: bool = True) -> Spoken:
    """A date in one of the ways of the US and the UK, in words or in numbers."""
    month = _MONTHS[day.month - 1]
    short_year = with_year and 1930 < day.year < 2000 and random.random() < 0.25
    year_words = cardinal(day.year % 100) if short_year else _year(day.year, random)
    year = Group(tuple(year_words), f"{day.year % 100:02}" if short_year else str(day.year), "number")
    tail = (year,) if with_year else ()
    named = Group(tuple(ordinal(day.day)), written_ordinal(day.day), "number")
    style = random.choices(("month", "day", "numbers"), (5, 3, 2))[0]
    if style == "month" or not with_year:
        return (*words(month), named, *tail)
    if style == "day":
        return (*words("the"), named, *words(f"of {month}"), *tail)
    first, second = (day.month, day.day) if random.random() < 0.7 else (day.day, day.month)
    return (_two_digits(first), _two_digits(second), replace(year, kind="digits"))


def _two_digits(number: int) -> Group:
    spoken = (["oh"] if number < 10 else []) + cardinal(number)
    return Group(tuple(spoken), f"{number:02}", "digits")


def written_ordinal(number: int) -> str:
    """A day of a month in digits: `22nd`."""
    ending = "th" if 10 < number < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def expiry(month: int, year: int, random: Random) -> Spoken:
    """The expiry date of a card."""
    style = random.choice(("numbers", "numbers", "month", "slash"))
    short = Group(tuple(cardinal(year % 100)), f"{year % 100:02}", "digits")
    if style == "month":
        full = Group(tuple(_year(year, random)), str(year), "number")
        return (*words(_MONTHS[month - 1]), random.choice((replace(short, kind="number"), full)))
    if style == "slash":
        return (_two_digits(month), Group(("slash",), "/", "connector"), short)
    return (_two_digits(month), short)


def amount(number: int, unit: str) -> Spoken:
    """A number with its unit after it."""
    return (Group(tuple(cardinal(number)), f"{number:,}", "number"), *words(unit))


def ip_address(address: str, random: Random) -> Spoken:
    """An IPv4 address."""
    groups: list[Group] = []
    for part in address.split("."):
        if groups:
            groups.append(Group(("dot",), ".", "connector"))
        said = _say_digits(part, random, plain=random.random() < 0.5) if len(part) > 1 else [DIGITS[int(part)]]
        groups.append(Group(tuple(said), part, "digits"))
    return tuple(groups)


def house_number(number: int, random: Random) -> Group:
    """A house number: in pairs, digit by digit, or as one number."""
    text = str(number)
    if len(text) == 4 and text[2:] != "00" and random.random() < 0.7:
        said = [*_pair(text[:2], "oh"), *_pair(text[2:], "oh")]
    elif len(text) == 3 and text[1:] != "00" and random.random() < 0.6:
        said = [DIGITS[int(text[0])], *_pair(text[1:], "oh")]
    elif len(text) > 2 and random.random() < 0.4:
        said = [_digit(digit, "oh") for digit in text]
    else:
        said = cardinal(number)
    return Group(tuple(said), text, "number")


def with_comma(spoken: Spoken) -> Spoken:
    """The value with a comma after its last word, if that is a word."""
    *front, last = spoken
    if last.kind == "word":
        last = replace(last, said=(*last.said[:-1], last.said[-1] + ","), written=last.written + ",")
    return (*front, last)


def slip(spoken: Spoken, random: Random) -> tuple[Spoken, Spoken]:
    """What a speaker says before starting again: the beginning of a value with a wrong digit, and an apology.

    Both are empty where the value does not begin with digits.
    """
    first = spoken[0]
    if first.kind != "digits" or not first.written.isdigit():
        return (), ()
    wrong = str((int(first.written[-1]) + random.randint(1, 8)) % 10)
    apology = random.choice(("no, sorry,", "sorry,", "wait, no,", "I mean", "actually no,"))
    return (digit_group(first.written[:-1] + wrong, random, plain=True),), words(apology)
