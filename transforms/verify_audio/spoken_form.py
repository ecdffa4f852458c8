"""Runs of signs: spoken digits and letters in a form that is the same for all recognisers.

One recogniser writes `6-1-4` where another writes `six one four`, or `K-O-W` for `KOW`: these are equal runs of signs.
"""

from __future__ import annotations

from typing import NamedTuple

from hushbeam.schemas.spans import TimeSpan
from hushbeam.transforms.detect_pii.text.atoms import Atom, Kind
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.detect_pii.text.spelling import letters_at


class Sign(NamedTuple):
    """A digit or a letter that was said by itself.

    Attributes:
      value: `0` to `9`, or an upper-case letter.
      word: The number of its word in the conversation.
    """

    value: str
    word: int

    def __repr__(self) -> str:
        return f"Sign(word {self.word})"


Run = tuple[Sign, ...]
"""Signs of one utterance with nothing but fillers and separators between them."""


def runs_of_signs(conversation: Conversation) -> list[Run]:
    """All runs in the order of the text, including those of one sign."""
    language = conversation.language
    interrupting = language.fillers | language.joiners | language.backchannels
    runs: list[list[Sign]] = []
    current: list[Sign] = []
    turn, position = -1, 0
    while position < len(conversation.atoms):
        atom = conversation.atoms[position]
        word = conversation.word_at(atom.start)
        if conversation.turn_of(word) != turn:
            turn, current = conversation.turn_of(word), []
        signs, following = _signs_at(conversation, position)
        if signs:
            if not current:
                runs.append(current)
            current += signs
        elif atom.kind not in (Kind.SYMBOL, Kind.THOUSAND) and atom.value not in interrupting:
            current = []
        position = following
    return [tuple(run) for run in runs]


def place_of(conversation: Conversation, first_word: int, last_word: int) -> TimeSpan:
    """The channel and time at which consecutive words (inclusive) of one channel were said."""
    words = conversation.words[first_word : last_word + 1]
    return TimeSpan(words[0].channel, words[0].start_s, max(word.end_s for word in words))


def _signs_at(conversation: Conversation, position: int) -> tuple[list[Sign], int]:
    """The signs of an atom and of those after it that belong to it, and the position of the next atom."""
    atoms = conversation.atoms
    atom = atoms[position]
    after = atoms[position + 1] if position + 1 < len(atoms) else None
    if atom.kind is Kind.REPEAT and after is not None:
        signs, following = _signs_at(conversation, position + 1)
        if signs:
            return [signs[0]] * int(atom.value) + signs[1:], following
    if atom.kind is Kind.TENS and after is not None:
        unit = position + 2 if after.value == "-" else position + 1
        if unit < len(atoms) and atoms[unit].kind is Kind.DIGIT and atoms[unit].value != "0":
            return [
                _sign(conversation, atom, atom.value[0]),
                _sign(conversation, atoms[unit], atoms[unit].value),
            ], unit + 1
    if atom.kind is Kind.THOUSAND:
        # "twelve thousand five hundred" is 12 500, "twelve thousand dollars" is 12 000.
        spoken = after is not None and (after.is_number or after.kind is Kind.HUNDRED)
        return [] if spoken else [_sign(conversation, atom, digit) for digit in atom.value], position + 1
    if atom.is_number or atom.kind is Kind.HUNDRED:
        return [_sign(conversation, atom, digit) for digit in atom.value], position + 1
    letters = letters_at(conversation, position)
    if letters is not None:
        return [_sign(conversation, atom, letter) for letter in letters.value], letters.last + 1
    return [], position + 1


def _sign(conversation: Conversation, atom: Atom, value: str) -> Sign:
    return Sign(value, conversation.word_at(atom.start))
