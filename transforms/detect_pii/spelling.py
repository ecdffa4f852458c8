"""Letters said one by one: `K-O-W-A-L-S-K-I`, `R as in Romeo`, `RGH UN, a THN`."""

from __future__ import annotations

from typing import NamedTuple

from transforms.detect_pii.atoms import Atom, Kind
from transforms.detect_pii.conversation import Conversation


class Letters(NamedTuple):
    """Atoms that say letters.

    Attributes:
      value: The letters, in upper case.
      first, last: Atoms, inclusive.
      explained: Said with an example: `as in Romeo`.
    """

    value: str
    first: int
    last: int
    explained: bool


def letters_at(conversation: Conversation, position: int) -> Letters | None:
    """The letter that is said at an atom, with its example if it has one; None where none is.

    A letter by itself is one; so is a word in capitals of up to five letters without a vowel, or glued to digits.
    """
    atoms = conversation.atoms
    atom = atoms[position]
    if atom.kind not in (Kind.LETTER, Kind.WORD):
        return None
    written = conversation.text[atom.start : atom.end]
    explained = _explained(conversation, position, written)
    if explained is not None:
        return explained
    if atom.kind is Kind.LETTER:
        return Letters(atom.value, position, position, False)
    if written.isupper() and written.isalpha() and len(written) <= 5:
        return Letters(written, position, position, False)
    return None


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
