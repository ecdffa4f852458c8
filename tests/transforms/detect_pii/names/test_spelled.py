"""Names that are spelled letter by letter: one recogniser."""

from __future__ import annotations

import pytest

from hushbeam.transforms.detect_pii.names.spelled import SpelledWords
from tests.transforms.detect_pii.conversations import Marked, plain

SPELLED = SpelledWords()


@pytest.mark.parametrize(
    "call",
    [
        "B: Yes, [K-O-W-A-L-S-K-I.]",
        "B: It's [n g u y e n]",
        "B: Spelled [S as in Sierra, Ias in India, OB as in Bravo, H-A-N.]",
        "B: That's [N as in Nancy, G as in George, U, Y as in yellow, E, N.]",
        "B: It's under [Tango Alpha November Alpha Kilo Alpha]",
        "B: It's [M, A, C, capital A.]",
        "B: That's [K, O, V, A, C, S and the number three.]",
        "A: Spell that for me?\nB: [R-A double M, A, N.]",
    ],
)
def test_spelled_letters_are_a_name(marked: Marked, call: str) -> None:
    assert marked(SPELLED, plain(call), "person_name") == call


@pytest.mark.parametrize(
    "line",
    [
        "I used the A.T.M. on the corner.",
        "So A and B are the options, I think.",
        "We stayed at the Hotel India in November.",
        "The IRS and the FBI called.",
        "I am a PhD.",
    ],
)
def test_acronyms_and_articles_are_not_spelled(marked: Marked, line: str) -> None:
    assert marked(SPELLED, line) == line
