"""Numbers that count something, and their units: functions."""

from __future__ import annotations

import pytest

from hushbeam.transforms.detect_pii.numbers.quantities import find_quantities
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from tests.transforms.detect_pii.conversations import Said


def quantities(conversation: Conversation) -> list[tuple[str, str]]:
    atoms = conversation.atoms
    return [
        (found.policy, conversation.text[atoms[found.first].start : atoms[found.last].end])
        for found in find_quantities(conversation)
    ]


@pytest.mark.parametrize(
    ("text", "policy", "words"),
    [
        ("It is $3,412.16 now", "money_amount", "$3,412.16"),
        ("that's 3,412 dollars and 16 cents", "money_amount", "3,412 dollars and 16 cents"),
        ("twelve hundred fifty dollars please", "money_amount", "twelve hundred fifty dollars"),
        ("I make 82,000 a year", "money_amount", "82,000 a year"),
        ("the copay is fourteen ninety-nine", "money_amount", "fourteen ninety-nine"),
        ("forty pounds and fifty pence", "money_amount", "forty pounds and fifty pence"),
        ("eighteen percent of them", "statistics", "eighteen percent"),
        ("12.5% of them", "statistics", "12.5%"),
        ("three to five business days", "duration", "three to five business days"),
        ("about two and a half hours", "duration", "two and a half hours"),
        ("he is seven years old", "person_age", "seven years old"),
        ("I'm 45.", "person_age", "45"),
        ("she will be almost four.", "person_age", "four"),
        ("my sister, forty-one, lives there", "person_age", "forty-one"),
        ("A: How old is he?\nB: Twenty nine.", "person_age", "Twenty nine"),
        ("it was two hundred pounds ninety nine to them", "money_amount", "two hundred pounds ninety nine"),
        ("it is one eighty nine a night", "money_amount", "one eighty nine a night"),
        ("it opens at half past two", "time", "half past two"),
        ("from six thirty to ten", "time", "six thirty"),
        ("at 10:30 a.m. sharp", "time", "10:30 a.m."),
        ("call at 4 o'clock", "time", "4 o'clock"),
        ("I take 50mg of it", "", "50mg"),
        ("on the 3rd of them", "", "3rd"),
        ("she weighs 120 pounds", "", "120 pounds"),
    ],
)
def test_numbers_that_count_something_are_found_with_their_unit(said: Said, text: str, policy: str, words: str) -> None:
    assert quantities(said(text)) == [(policy, words)]


def test_only_the_last_group_before_a_unit_is_an_amount(said: Said) -> None:
    assert quantities(said("0927-732-250 dollars, please")) == [("money_amount", "250 dollars")]


def test_a_unit_in_the_next_utterance_counts_nothing(said: Said) -> None:
    assert quantities(said("B: 4 4 7\nA: dollars or euros?")) == []


@pytest.mark.parametrize(
    "text", ["614-555-0142", "seven am I speaking to", "the code is ten twenty eight", "it was ten."]
)
def test_identifiers_are_no_quantities(said: Said, text: str) -> None:
    assert quantities(said(text)) == []
