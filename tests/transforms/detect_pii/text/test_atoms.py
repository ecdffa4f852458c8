"""Atoms, the smallest pieces of a text that have a meaning: functions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.transforms.detect_pii.languages import language_of
from hushbeam.transforms.detect_pii.text.atoms import Kind, split_into_atoms

ENGLISH = language_of("en")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0-4-4", [(Kind.DIGITS, "0"), (Kind.SYMBOL, "-"), (Kind.DIGITS, "4"), (Kind.SYMBOL, "-"), (Kind.DIGITS, "4")]),
        ("forty-one oh", [(Kind.TENS, "40"), (Kind.SYMBOL, "-"), (Kind.DIGIT, "1"), (Kind.DIGIT, "0")]),
        ("triple nineteen", [(Kind.REPEAT, "3"), (Kind.TEEN, "19")]),
        ("two hundred thousand", [(Kind.DIGIT, "2"), (Kind.HUNDRED, "00"), (Kind.THOUSAND, "000")]),
        ("BX449 k", [(Kind.WORD, "bx"), (Kind.DIGITS, "449"), (Kind.LETTER, "K")]),
        ("It's O3", [(Kind.WORD, "its"), (Kind.LETTER, "O"), (Kind.DIGITS, "3")]),
    ],
)
def test_what_a_recogniser_writes_is_cut_into_meaning(text: str, expected: list[tuple[Kind, str]]) -> None:
    assert [(atom.kind, atom.value) for atom in split_into_atoms(text, ENGLISH)] == expected


@given(st.text())
def test_atoms_are_in_order_and_leave_out_only_white_space(text: str) -> None:
    atoms = split_into_atoms(text, ENGLISH)
    position = 0
    for atom in atoms:
        assert not any(character.isalnum() for character in text[position : atom.start] if character.isascii())
        assert atom.end > atom.start >= position
        position = atom.end


def test_no_repr_shows_what_was_said() -> None:
    assert "614" not in repr(split_into_atoms("614", ENGLISH))
