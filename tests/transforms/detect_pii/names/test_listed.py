"""Names that stand in lists, in written lines: one recogniser."""

from __future__ import annotations

import pytest

from hushbeam.transforms.detect_pii.names.listed import ListedNames
from tests.transforms.detect_pii.conversations import Marked


@pytest.fixture(scope="module")
def names() -> ListedNames:
    recogniser = ListedNames()
    recogniser.load()
    return recogniser


@pytest.mark.parametrize(
    "call",
    [
        "A: My son won't be in. [Kwabena,] in three B.",
        "A: Who is it?\nB: [Szczepanski. Bogdan.]",
        "A: It was [Priyanka Deshmukh] who called.",
        "A: tell [folasade] that i called",
    ],
)
def test_names_that_many_people_have_are_found_anywhere(call: str, names: ListedNames, marked: Marked) -> None:
    assert marked(names, call.replace("[", "").replace("]", "")) == call


@pytest.mark.parametrize(
    "text",
    [
        "A: Bogdan Insurance, how may I help you?",
        "A: We drove down Deshmukh Road.",
        "A: I'm from Tucson. May I ask why? Will you wait?",
        "A: It was a good day for a rose.",
    ],
)
def test_companies_streets_places_and_words_are_left_alone(text: str, names: ListedNames, marked: Marked) -> None:
    assert marked(names, text) == text
