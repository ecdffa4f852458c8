"""Places that stand in lists, in written lines: one recogniser."""

from __future__ import annotations

import pytest

from hushbeam.transforms.detect_pii.places.listed_places import ListedPlaces
from tests.transforms.detect_pii.conversations import Marked


@pytest.fixture(scope="module")
def places() -> ListedPlaces:
    recogniser = ListedPlaces()
    recogniser.load()
    return recogniser


@pytest.mark.parametrize(
    "call",
    [
        "A: Where to?\nB: [Galway,] but I don't have the number yet.",
        "A: what town is that\nB: [aberystwyth]",
        "A: we moved from [kalamazoo] last year",
        "A: It's the one in [Derby,] by the station.",
        "A: Is that [Pine Hollow, Colorado?]",
    ],
)
def test_places_are_found_where_one_is_meant(call: str, places: ListedPlaces, marked: Marked) -> None:
    assert marked(places, call.replace("[", "").replace("]", "")) == call


@pytest.mark.parametrize(
    "text",
    [
        "A: I spoke to Austin about it.",
        "A: It was Jack London who wrote it.",
        "A: the reading was high and the bath was full",
        "A: Houston Dental, good morning.",
    ],
)
def test_people_words_and_companies_are_left_alone(text: str, places: ListedPlaces, marked: Marked) -> None:
    assert marked(places, text) == text
