"""Numbers that are repeated, whole or in part: functions."""

from __future__ import annotations

import pytest

from hushbeam.transforms.detect_pii.numbers.repetitions import repeated_values
from hushbeam.transforms.detect_pii.numbers.spoken_numbers import SpokenNumbers
from tests.transforms.detect_pii.conversations import Said, Spans


@pytest.mark.parametrize(
    ("call", "repeated"),
    [
        ("A: So 5 5 0 1 is in it, I see.\nB: Right. My phone is 614 555 0142.", "5 5 0 1"),
        ("A: I have 4 4 7 1 9 in here.\nB: The claim number is 4 4 7 1 9.", "4 4 7 1 9"),
    ],
)
def test_a_number_is_found_where_it_is_repeated_whole_or_in_part(
    said: Said, spans: Spans, call: str, repeated: str
) -> None:
    conversation = said(call)
    candidates = list(SpokenNumbers().recognise(conversation))
    found = repeated_values(conversation, [one for one in candidates if one.policy != "any_number"])
    assert [text for _, text in spans(conversation, found)] == [repeated]


def test_digits_that_were_not_said_before_are_no_repetition(said: Said) -> None:
    conversation = said("B: My phone is 614 555 0142.\nA: We have 417 of them since 2019.")
    candidates = list(SpokenNumbers().recognise(conversation))
    assert list(repeated_values(conversation, candidates)) == []


@pytest.mark.parametrize(
    ("call", "end"),
    [
        ("B: My phone is 614 555 0142.\nA: The one with 1 4 2, yes.", "1 4 2"),
        ("B: The account is 90 33 71 28.\nA: Ending one two eight?", "one two eight"),
    ],
)
def test_three_digits_that_end_a_number_which_is_certain_repeat_it(
    said: Said, spans: Spans, call: str, end: str
) -> None:
    conversation = said(call)
    certain = [one for one in SpokenNumbers().recognise(conversation) if one.policy != "any_number"]
    certain = [one for one in certain if conversation.turn_of(one.first_word) == 0]
    assert [text for _, text in spans(conversation, repeated_values(conversation, certain, ends=True))] == [end]
    assert list(repeated_values(conversation, certain)) == []
