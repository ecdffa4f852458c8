"""Simulated errors of a speech recogniser, learned from whisper-base on telephone audio.

It writes numbers as digits or as words, with separators of its own choice; it drops and doubles digits, hears `for`
for four and the letter O for zero; it never writes an at sign where one was said; it misspells names; now and then a
whole call comes without case or punctuation. Of 90 measured phrases it wrote 54 exactly, 12 in another format and 24
wrongly.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

from training.generated.verbalise import Group, Spoken


@dataclass(frozen=True)
class Noise:
    """How often each thing goes wrong, per value unless it says otherwise. All zero: a perfect recogniser.

    Attributes:
      wrong_digit: Per digit: it is dropped or written twice.
      homophone: The first digit becomes a word: for, to, ate.
      zero_as_letter: Every zero that is written becomes an O.
      letter: Per letter: another of similar sound.
      misspelling: Per name.
      lower_case, no_punctuation: Per call.
    """

    wrong_digit: float = 0.013
    homophone: float = 0.03
    zero_as_letter: float = 0.04
    letter: float = 0.03
    misspelling: float = 0.15
    lower_case: float = 0.1
    no_punctuation: float = 0.1


PERFECT = Noise(0, 0, 0, 0, 0, 0, 0)

_HOMOPHONES = {"1": "won", "2": "to", "4": "for", "8": "ate", "0": "oh"}
_SIMILAR_LETTERS = {"M": "N", "N": "M", "F": "S", "S": "F", "B": "P", "P": "B", "D": "T", "T": "D", "Z": "C", "A": "8"}
_MISSPELLINGS = (
    ("ph", "f"),
    ("ck", "k"),
    ("th", "t"),
    ("z", "s"),
    ("y", "ie"),
    ("w", "v"),
    ("k", "c"),
    ("ie", "ee"),
    ("o", "a"),
    ("l", "ll"),
    ("n", "nn"),
)


@dataclass(frozen=True)
class _Style:
    """How the recogniser writes one value.

    Attributes:
      numbers: One of `_NUMBER_STYLES`.
      letters, between: What it puts between letters, and between letters and digits.
    """

    numbers: str
    letters: str
    between: str


_NUMBER_STYLES = ("hyphens", "singles", "solid", "commas", "spaces", "words", "mixed")
_NUMBER_WEIGHTS = (30, 25, 15, 10, 8, 8, 6)


def write(spoken: Spoken, random: Random, noise: Noise, is_name: bool = False) -> list[str]:
    """A spoken value as the recogniser writes it: word items, those that begin a word with a leading space."""
    style = _Style(
        random.choices(_NUMBER_STYLES, _NUMBER_WEIGHTS)[0],
        random.choice(("-", "-", "-", ", ", " ", "")),
        random.choice(("", "-", "-", " ", ", ")),
    )
    groups = _misheard(spoken, random, noise)
    if is_name:
        groups = [_misspelled(group, random, noise) for group in groups]
    text = ""
    for position, group in enumerate(groups):
        before = groups[position - 1] if position else None
        text += _separator(before, group, style, random) + _written(group, style, noise, random)
    return split_into_items(" " + text.strip(), random)


def split_into_items(text: str, random: Random) -> list[str]:
    """Cuts text as faster-whisper does: at spaces, and inside numbers at hyphens and points."""
    items: list[str] = []
    for word in re.findall(r" \S+", text):
        if re.search(r"[\d-].*[-.]", word) and random.random() < 0.7:
            items += [part for part in re.split(r"(?<=[^ -])(?=[-.]\w)", word) if part]
        else:
            items.append(word)
    return items


def plain_text(text: str) -> str:
    """Without punctuation, but for what stands inside a word."""
    return re.sub(r"[,.?!;:]+(?=\s|$)", "", text)


def _misheard(spoken: Spoken, random: Random, noise: Noise) -> list[Group]:
    groups = [_heard_connector(group, random) for group in spoken]
    numbers = [place for place, group in enumerate(groups) if group.kind == "digits" and group.written.isdigit()]
    for place in numbers:
        digits = groups[place].written
        if random.random() >= noise.wrong_digit * len(digits):
            continue
        at = random.randrange(len(digits))
        changed = digits[:at] + (
            digits[at + 1 :] if random.random() < 0.6 and len(digits) > 1 else digits[at] + digits[at:]
        )
        groups[place] = Group(tuple(groups[place].said), changed, "digits", groups[place].glued)
    if numbers and random.random() < noise.homophone:
        first = groups[numbers[0]]
        if (heard := _HOMOPHONES.get(first.written[0])) and len(first.written) > 1:
            groups[numbers[0] : numbers[0] + 1] = [
                Group((heard,), heard, "word", first.glued),
                Group(first.said[1:] or first.said, first.written[1:], "digits"),
            ]
    return groups


def _heard_connector(group: Group, random: Random) -> Group:
    """A connector as the symbol that it means, or as the words that were said."""
    # whisper-base has never been seen to write an at sign where one was said.
    if group.kind != "connector" or (group.written != "@" and random.random() < 0.75):
        return group
    said = " ".join(group.said)
    # Now and then the word for it is glued to what stands beside it.
    return Group(group.said, said, "connector" if group.written == "@" and random.random() < 0.05 else "word")


def _misspelled(group: Group, random: Random, noise: Noise) -> Group:
    if group.kind != "word" or random.random() >= noise.misspelling:
        return group
    candidates = [(old, new) for old, new in _MISSPELLINGS if old in group.written[1:]]
    if not candidates:
        return group
    old, new = random.choice(candidates)
    written = group.written[0] + group.written[1:].replace(old, new, 1)
    return Group((written,), written, "word", group.glued)


def _written(group: Group, style: _Style, noise: Noise, random: Random) -> str:
    match group.kind:
        case "letter":
            similar = random.random() < noise.letter
            return _SIMILAR_LETTERS.get(group.written, group.written) if similar else group.written
        case "digits" | "number" if style.numbers == "words":
            return " ".join(group.said)
        case "digits":
            return _written_digits(group, style, noise, random)
        case _:
            return group.written


def _written_digits(group: Group, style: _Style, noise: Noise, random: Random) -> str:
    digits = group.written
    if not digits.isdigit():
        return digits
    if random.random() < noise.zero_as_letter:
        digits = digits.replace("0", "O")
    # What was said as one number ("forty two") is not written digit by digit.
    written = random.choice(("singles", "solid", "commas")) if style.numbers == "mixed" else style.numbers
    one_by_one = len(group.said) >= len(digits)
    return {"singles": "-", "commas": ", "}.get(written if one_by_one else "solid", "").join(digits)


def _separator(before: Group | None, group: Group, style: _Style, random: Random) -> str:
    if before is None:
        return ""
    glued = random.random()
    between = {before.kind, group.kind}
    if "connector" in between:
        separator = ""
    elif group.glued and style.numbers != "words":
        separator = "" if glued < 0.7 else " "
    elif between == {"letter"}:
        separator = style.letters
    elif between == {"letter", "digits"}:
        separator = style.between
    elif between == {"digits"}:
        numbers = random.choice(("hyphens", "commas", "spaces", "solid")) if style.numbers == "mixed" else style.numbers
        separator = {"hyphens": "-", "singles": "-", "solid": "", "spaces": " "}.get(numbers, ", ")
    else:
        separator = " "
    return separator
