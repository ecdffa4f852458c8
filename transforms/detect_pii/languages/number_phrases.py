"""Number phrases whose parts are not in the order of their digits: `quatre-vingt-douze`, `treinta y cuatro`.

Each function gives, for one language, the numbers up to 999 and the years from 1900 to 2099 as they are said in several
words (in German in one): words to digits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

Phrase = tuple[str, ...]
Phrases = Mapping[Phrase, str]

_BELOW_HUNDRED = range(1, 100)


def spanish(ones: Sequence[str], up_to_29: Sequence[str], tens: Sequence[str], hundreds: Sequence[str]) -> Phrases:
    """Of `uno` to `nueve`, `diez` to `veintinueve`, `veinte` to `noventa`, `doscientos` to `novecientos`."""
    said: dict[int, list[Phrase]] = {value: [(word,)] for value, word in enumerate((*ones, *up_to_29), 1)}
    said |= {10 * value: [(word,)] for value, word in enumerate(tens, 2)}
    for (ten, word), (one, unit) in product(enumerate(tens[1:], 3), enumerate(ones, 1)):
        said[10 * ten + one] = [(word, "y", unit)]
    said[1] = [("uno",), ("un",), ("una",)]
    by_hundred = {1: [("ciento",)]} | {value: [(word,)] for value, word in enumerate(hundreds, 2)}
    return _with_hundreds(said, by_hundred, {19: [("mil", hundreds[-1])], 20: [("dos", "mil")]})


def french(ones: Sequence[str], teens: Sequence[str], tens: Sequence[str]) -> Phrases:
    """Of `un` to `neuf`, `dix` to `seize`, `vingt` to `soixante`."""
    said: dict[int, list[Phrase]] = {value: [(word,)] for value, word in enumerate((*ones, *teens), 1)}
    said |= {value: [("dix", ones[value - 11])] for value in (17, 18, 19)}
    for (ten, word), (one, unit) in product(enumerate(tens, 2), enumerate(ones, 1)):
        said[10 * ten + one] = [(word, "et", unit)] if one == 1 else [(word, unit)]
    said |= {10 * value: [(word,)] for value, word in enumerate(tens, 2)}
    said |= {60 + value: [("soixante", *phrase) for phrase in said[value]] for value in range(10, 20)}
    said[71] = [("soixante", "et", "onze"), ("soixante", "onze")]
    said |= {80 + value: [("quatre", "vingt", *phrase) for phrase in said[value]] for value in range(1, 20)}
    said[80] = [("quatre", "vingts"), ("quatre", "vingt")]
    by_hundred = {1: [("cent",)]} | {value: [(word, "cent"), (word, "cents")] for value, word in enumerate(ones[1:], 2)}
    centuries = {19: [("mille", "neuf", "cent"), ("mille", "neuf", "cents"), ("dix", "neuf", "cent")]}
    return _with_hundreds(said, by_hundred, centuries | {20: [("deux", "mille")]})


def german(ones: Sequence[str], teens: Sequence[str], tens: Sequence[str]) -> Phrases:
    """Of `ein` to `neun`, `zehn` to `neunzehn`, `zwanzig` to `neunzig`: one word each."""
    below = dict(enumerate((*ones, *teens), 1)) | {10 * value: word for value, word in enumerate(tens, 2)}
    below |= {
        10 * ten + one: f"{unit}und{word}"
        for (ten, word), (one, unit) in product(enumerate(tens, 2), enumerate(ones, 1))
    }
    below[1] = "eins"
    starts = {100 * value: [f"{word}hundert"] for value, word in enumerate(ones, 1)}
    starts[100].append("hundert")
    starts |= {100 * value: [f"{below[value]}hundert"] for value in range(11, 20)} | {2000: ["zweitausend"]}
    phrases: dict[Phrase, str] = {(word,): str(value) for value, word in below.items() if value > 20}
    for start, words in starts.items():
        for word, link, rest in product(words, ("", "und"), _BELOW_HUNDRED):
            phrases[(f"{word}{link}{below[rest]}",)] = str(start + rest)
        phrases |= {(word,): str(start) for word in words}
    return phrases


def _with_hundreds(
    said: Mapping[int, Sequence[Phrase]],
    by_hundred: Mapping[int, Sequence[Phrase]],
    by_century: Mapping[int, Sequence[Phrase]],
) -> Phrases:
    phrases = {phrase: str(value) for value in said if value > 16 for phrase in said[value] if len(phrase) > 1}
    for start, prefixes in (*by_hundred.items(), *by_century.items()):
        for prefix in prefixes:
            phrases |= {(*prefix, *phrase): str(100 * start + rest) for rest in said for phrase in said[rest]}
            if len(prefix) > 1:
                phrases[prefix] = str(100 * start)
    return phrases
