"""Places on roads and maps, in written lines: one recogniser."""

from __future__ import annotations

import pytest

from hushbeam.transforms.detect_pii.places.road_places import RoadPlaces
from tests.transforms.detect_pii.conversations import Said, Spans


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("I'm on Interstate 80 westbound.", ("location", "Interstate 80 westbound")),
        ("We stopped near mile marker one twelve.", ("location", "mile marker one twelve")),
        ("I was on the M25 this morning.", ("location", "M25")),
        ("It's at the corner of Fifth and Main, next to the bank.", ("location", "Fifth and Main")),
        ("The latitude is 40.71 north.", ("location_coordinate", "40.71 north")),
        ("The coordinates are 40.71 north, 74.01 west.", ("location_coordinate", "40.71 north, 74.01 west")),
    ],
)
def test_places_on_roads_and_maps_are_found(text: str, place: tuple[str, str], said: Said, spans: Spans) -> None:
    conversation = said(text)
    assert spans(conversation, RoadPlaces().recognise(conversation)) == [place]


@pytest.mark.parametrize(
    "text",
    [
        "The exit is closed, so route the call to me.",
        "It's 20 degrees outside.",
        "We are open between Monday and Friday.",
        "I turned the corner of the page.",
    ],
)
def test_other_roads_and_numbers_are_left_alone(text: str, said: Said) -> None:
    assert list(RoadPlaces().recognise(said(text))) == []
