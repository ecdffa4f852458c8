"""Tokens that a recogniser wrote in several pieces: functions."""

from __future__ import annotations

import pytest

from hushbeam.schemas.transcript import Utterance, Word
from hushbeam.transforms.base.whole_tokens import spread_over_tokens


def utterance(*texts: str) -> Utterance:
    return Utterance(0, tuple(Word(text, at, at + 0.5, 0.9, 0) for at, text in enumerate(texts)))


@pytest.mark.parametrize(
    ("texts", "owners", "spread"),
    [
        ((" 555", "-867", "-5309."), [None, "phone", None], ["phone", "phone", "phone"]),
        ((" It's", " $1", ",250", "."), [None, None, "money", None], [None, "money", "money", None]),
        ((" 50mg", "Bx4", "49"), ["drug", None, "policy"], ["drug", "drug", "policy"]),
        ((" one", " two"), ["a", None], ["a", None]),
    ],
)
def test_pieces_of_a_token_get_an_owner_when_one_of_them_has_one(
    texts: tuple[str, ...], owners: list[str | None], spread: list[str | None]
) -> None:
    assert spread_over_tokens(owners, [utterance(*texts)]) == spread


def test_tokens_end_with_their_utterance() -> None:
    assert spread_over_tokens(["a", None], [utterance(" 555"), utterance("-867")]) == ["a", None]
