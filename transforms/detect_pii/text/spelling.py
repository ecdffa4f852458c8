"""Spelled letters: `K-O-W-A-L-S-K-I`, `R as in Romeo`, `RGH UN, a THN`."""

from __future__ import annotations

from typing import NamedTuple

from hushbeam.transforms.detect_pii.text.atoms import Atom, Kind
from hushbeam.transforms.detect_pii.text.conversation import Conversation


class Letters(NamedTuple):
    """Atoms that say letters.

    Attributes:
      value: The letters, in upper case.
      first, last: Atoms, inclusive.
      explained: Whether an example follows: `as in Romeo`.
    """

    value: str
    first: int
    last: int
    explained: bool


_LONGEST_CAPITALS = 5


def letters_at(conversation: Conversation, position: int) -> Letters | None:
    """The spelled letter at an atom, with its example if it has one; None without one.

    A letter by itself is one; so are a word of the spelling alphabet among letters, and up to five capitals, which the
    caller must distinguish from an acronym.
    """
    atom = conversation.atoms[position]
    if atom.kind not in (Kind.LETTER, Kind.WORD):
        return None
    alphabetic = conversation.language.spelling_alphabet.get(atom.value)
    if atom.kind is Kind.WORD and alphabetic is None and not conversation.text[atom.start].isupper():
        return None
    written = conversation.text[atom.start : atom.end]
    explained = _explained(conversation, position, written)
    if explained is not None:
        return explained
    if atom.kind is Kind.LETTER:
        return Letters(atom.value, position, _end_of_letter(conversation, position), False)
    if alphabetic is not None and _stands_among_letters(conversation, position):
        return Letters(alphabetic, position, position, False)
    capitals = written.isupper() and written.isalpha() and len(written) <= _LONGEST_CAPITALS
    return Letters(written, position, position, False) if capitals else None


def _end_of_letter(conversation: Conversation, position: int) -> int:
    """The last atom of a letter: that of `x-ray`, which stands for X, is its third."""
    atoms, end = conversation.atoms, position + 2
    hyphenated = end < len(atoms) and atoms[position + 1].value == "-"
    word = atoms[position].value.lower() + atoms[end].value if hyphenated else ""
    return end if word in conversation.language.spelling_alphabet else position


def _stands_among_letters(conversation: Conversation, position: int) -> bool:
    """Whether a word of the spelling alphabet means its letter: alone it is a hotel or a Mike.

    It does if another letter is next to it, or digits on both sides.
    """
    beside = [_neighbour(conversation, position, step) for step in (-1, 1)]
    return any(_is_letter(conversation, atom) for atom in beside) or all(atom and atom.is_number for atom in beside)


def _neighbour(conversation: Conversation, position: int, step: int) -> Atom | None:
    """The next atom in a direction, over punctuation, in the same utterance."""
    atoms = conversation.atoms
    neighbour = position + step
    while 0 <= neighbour < len(atoms) and atoms[neighbour].value in ("-", ",", "."):
        neighbour += step
    if not 0 <= neighbour < len(atoms):
        return None
    first, second = sorted((position, neighbour))
    same = "\n" not in conversation.text[atoms[first].end : atoms[second].start]
    return atoms[neighbour] if same else None


def _is_letter(conversation: Conversation, atom: Atom | None) -> bool:
    if atom is None:
        return False
    if atom.kind is Kind.LETTER:
        return atom.value not in conversation.language.one_letter_words
    return atom.value in conversation.language.spelling_alphabet


def _explained(conversation: Conversation, position: int, written: str) -> Letters | None:
    """`S as in Sierra`, and what recognisers make of it: `H's in hotel`, `Ias in India`, `OB as in Bravo`."""
    atoms = conversation.atoms
    atom = atoms[position]
    letters = ""
    if atom.kind is Kind.LETTER:
        letters = atom.value
    elif len(written) == 3 and written[1:].lower() in ("'s", "as", "is") and written[0].isupper():
        letters = written[0]
        if (example := _example(conversation, position + 1, letters, (("in",),))) is not None:
            return Letters(letters, position, example, True)
        return None
    elif written.isupper() and len(written) <= 3:
        letters = written
    if not letters:
        return None
    example = _example(conversation, position + 1, letters[-1], conversation.language.spelling_phrases)
    return None if example is None else Letters(letters, position, example, True)


def _example(
    conversation: Conversation, position: int, letter: str, phrases: tuple[tuple[str, ...], ...]
) -> int | None:
    """The atom of the word that starts with the letter, after one of the phrases."""
    atoms = conversation.atoms
    interruptions = conversation.language.interruptions
    while position < len(atoms) and (atoms[position].value in ("-", ",") or atoms[position].value in interruptions):
        position += 1
    for phrase in phrases:
        end = position + len(phrase)
        if end >= len(atoms) or tuple(_plain(atom) for atom in atoms[position:end]) != phrase:
            continue
        if "\n" in conversation.text[atoms[position - 1].end : atoms[end].start]:
            continue
        # Letters sound alike: "T as in dog" was a D.
        sounds_alike = phrase == ("as", "in") and atoms[end].kind is Kind.WORD
        if sounds_alike or (
            atoms[end].kind is not Kind.SYMBOL and conversation.text[atoms[end].start].upper() == letter
        ):
            hyphenated = atoms[end].kind is Kind.LETTER and end + 2 < len(atoms) and atoms[end + 1].value == "-"
            if atoms[end].kind is Kind.LETTER and not hyphenated:
                continue
            return end + 2 if hyphenated else end
    return None


def _plain(atom: Atom) -> str:
    return atom.value.lower()
