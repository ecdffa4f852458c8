"""Groups of digits and letters that make one number: functions."""

from __future__ import annotations

import pytest

from hushbeam.transforms.detect_pii.numbers.quantities import find_quantities
from hushbeam.transforms.detect_pii.numbers.runs import find_groups, find_runs
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from tests.transforms.detect_pii.conversations import Said


def values(conversation: Conversation) -> list[str]:
    return [group.value for group in find_groups(conversation, find_quantities(conversation))]


def runs(conversation: Conversation) -> list[list[str]]:
    groups = find_groups(conversation, find_quantities(conversation))
    return [[group.value for group in run.groups] for run in find_runs(conversation, groups, [])]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("It's 4471-920-385.", "4471920385"),
        ("0-4-4, 0-0-0-037", "044000037"),
        ("5, 1, 9, dash 4, 8, dash 2, 2, 1, 7.", "519482217"),
        ("double four double seven", "4477"),
        ("Triple 5, 018, double 3", "55501833"),
        ("five hundred twelve, five five five", "512555"),
        ("nine hundred and one", "901"),
        ("nineteen eighty-four forty-two", "198442"),
        ("O3-12-1951", "O3121951"),
        ("eight hundred, five five five, double oh one three", "8005550013"),
        ("R-W-356-9-3-3-5-4-0", "RW356933540"),
        ("GB29 NWBK 6-0-1-6, 1-3-3-1", "GB29NWBK60161331"),
        ("H's in hotel, O's in Oscar, 7730125", "HO7730125"),
        ("Bx4492271k", "BX4492271K"),
        ("kilo romeo 72 delta lima whiskey", "KR72DLW"),
        ("B as in boy, 4, T as in Thomas 9", "B4T9"),
    ],
)
def test_the_digits_and_letters_of_a_number_are_one_group(said: Said, text: str, value: str) -> None:
    assert values(said(text)) == [value]


def test_amounts_are_no_part_of_a_group(said: Said) -> None:
    assert values(said("it's 4471 and 20 dollars")) == ["4471"]


def test_articles_and_pronouns_are_no_letters(said: Said) -> None:
    assert values(said("I 20 of them. A 30.")) == ["20", "30"]


def test_hesitations_do_not_end_a_run(said: Said) -> None:
    assert runs(said("six one four, hold on, five five five uh oh one four two")) == [["614", "5550142"]]


def test_an_acknowledgement_of_the_other_side_does_not_end_a_run(said: Said) -> None:
    call = "B: 5425\nA: Mm-hm, go ahead.\nB: 2334\nA: Okay.\nB: 3010 9903"
    assert runs(said(call)) == [["5425", "2334", "30109903"]]


def test_the_other_side_saying_other_digits_ends_a_run(said: Said) -> None:
    assert runs(said("B: 5425 2334\nA: 881 42")) == [["54252334"], ["88142"]]


def test_a_correction_belongs_to_its_run(said: Said) -> None:
    assert runs(said("4-1-3-0, no sorry 4-1-3-2")) == [["4130", "4132"]]


def test_a_question_ends_a_run(said: Said) -> None:
    assert runs(said("Was it 4471? 9920")) == [["4471"], ["9920"]]
