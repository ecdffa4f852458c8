"""Street addresses with their numbers, in written lines: one recogniser."""

from __future__ import annotations

import pytest

from hushbeam.transforms.detect_pii.places.street_numbers import StreetNumbers
from tests.transforms.detect_pii.conversations import Marked, plain

STREETS = StreetNumbers()


@pytest.mark.parametrize(
    ("policy", "call"),
    [
        ("location_address_street", "B: It's [twelve forty Maple Grove Avenue, apartment three B,] Columbus."),
        ("location_address_street", "B: It's [901 North Lake Shore Drive, Unit 2204,] Chicago."),
        ("location_address_street", "B: [Flat 4, 18 Queen's Road,] Bristol."),
        ("location_address_street", "B: [P.O. Box 1180,] Tucson."),
        ("location_address_street", "B: [42 wellington road] leeds"),
        ("location_address_street", "B: I was hit on [Euclid Avenue] today."),
        ("location_address_street", "A: And the street?\nB: [Twenty nine Upper Bear Creek.]"),
        ("location_address_street", "B: We've moved to [sixteen A, The Green, Long Itchington.]"),
        ("location_address_street", "A: What's the address?\nB: [Plot eighty eight, sector fifteen.]"),
        ("location_zip", "B: Leeds, [LS6 3HM.]"),
        ("location_zip", "B: Leeds, [L S six, three H N]"),
        ("location_zip", "B: Ottawa, [K1A 0B1.]"),
        ("location_zip", "B: Columbus, Ohio, [43215.]"),
        ("location_zip", "B: Austin, Texas [seven eight seven oh one]"),
    ],
)
def test_the_numbers_of_an_address_are_found_with_their_street(marked: Marked, policy: str, call: str) -> None:
    assert marked(STREETS, plain(call), policy) == call


@pytest.mark.parametrize(
    "line",
    [
        "I live on a busy street near the park.",
        "It was a long drive, the road was closed.",
        "A 256 gigabyte drive is enough.",
        "You have to be at the Superior Court on Tuesday.",
        "The box 12 is empty.",
        "A: What is the address?\nB: It was 230, I will send it.",
    ],
)
def test_streets_without_a_name_are_left_alone(marked: Marked, line: str) -> None:
    assert marked(STREETS, line) == line
