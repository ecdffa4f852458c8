"""Pieces of an address that are joined: functions."""

from __future__ import annotations

import pytest

from hushbeam.transforms.detect_pii.places.whole_addresses import WholeAddresses
from hushbeam.transforms.detect_pii.recogniser import Candidate
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from tests.transforms.detect_pii.conversations import Said


def piece(conversation: Conversation, policy: str, text: str) -> Candidate:
    start = conversation.text.index(text)
    first, last = conversation.words_of(start, start + len(text))
    return Candidate(policy, first, last, 0.9, "test", text.lower())


def whole(conversation: Conversation, *pieces: Candidate) -> list[str]:
    return [
        "".join(word.text for word in conversation.words[one.first_word : one.last_word + 1]).strip(" .,")
        for one in WholeAddresses().propagate(conversation, pieces)
    ]


def test_pieces_with_only_commas_and_links_between_them_are_one_address(said: Said) -> None:
    conversation = said("I live at 77 Birch Lane, apartment 3B, in Portland, Oregon, zip code 97201, since May.")
    assert whole(
        conversation,
        piece(conversation, "location_address_street", "77 Birch Lane"),
        piece(conversation, "location_city", "Portland"),
        piece(conversation, "location_state", "Oregon"),
        piece(conversation, "location_zip", "97201"),
    ) == ["77 Birch Lane, apartment 3B, in Portland, Oregon, zip code 97201"]


def test_an_address_goes_on_in_the_next_turn_of_the_same_voice(said: Said) -> None:
    conversation = said("B: It's 77 Birch Lane, Portland,\nA: Mm-hm.\nB: 97201.")
    pieces = [
        piece(conversation, "location_address_street", "77 Birch Lane"),
        piece(conversation, "location_city", "Portland"),
        piece(conversation, "location_zip", "97201"),
    ]
    found = list(WholeAddresses().propagate(conversation, pieces))
    assert whole(conversation, *pieces) == ["77 Birch Lane, Portland", "97201"]
    assert len({one.value for one in found}) == 1


def test_a_town_that_nobody_knows_is_part_of_the_address_around_it(said: Said) -> None:
    conversation = said("4902 Gonzalez Drive, Pruittton, Idaho 61129")
    assert whole(
        conversation,
        piece(conversation, "location_address_street", "4902 Gonzalez Drive"),
        piece(conversation, "location_state", "Idaho"),
        piece(conversation, "location_zip", "61129"),
    ) == ["4902 Gonzalez Drive, Pruittton, Idaho 61129"]


def test_what_a_house_is_called_is_part_of_its_address(said: Said) -> None:
    conversation = said("It's the Old Smokehouse, Shore Street, Anstruther")
    assert whole(
        conversation,
        piece(conversation, "location_address_street", "Shore Street"),
        piece(conversation, "location_city", "Anstruther"),
    ) == ["the Old Smokehouse, Shore Street, Anstruther"]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("We flew from Paris, France.", [("location_city", "Paris"), ("location_country", "France")]),
        ("It's on Birch Lane.", [("location_address_street", "Birch Lane")]),
        (
            "It's on Birch Lane. My sister would like to move to Portland.",
            [("location_address_street", "Birch Lane"), ("location_city", "Portland")],
        ),
    ],
)
def test_lone_pieces_stay_what_they_are(text: str, pieces: list[tuple[str, str]], said: Said) -> None:
    conversation = said(text)
    assert whole(conversation, *(piece(conversation, policy, part) for policy, part in pieces)) == []
