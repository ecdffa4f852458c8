"""Dates in written lines: functions."""

from __future__ import annotations

import pytest

from hushbeam.transforms.detect_pii.numbers.dates import find_dates
from tests.transforms.detect_pii.conversations import Said


@pytest.mark.parametrize(
    ("text", "words", "value"),
    [
        ("March 9th, 1974.", "March 9th, 1974", "1974-03-09"),
        ("the 22nd of November 1974", "the 22nd of November 1974", "1974-11-22"),
        ("June fourteenth, nineteen eighty-seven", "June fourteenth, nineteen eighty-seven", "1987-06-14"),
        ("the twenty second of November, nineteen seventy four",) * 2 + ("1974-11-22",),
        ("February ninth seventy nine", "February ninth seventy nine", "1979-02-09"),
        ("September 21st two thousand and four", "September 21st two thousand and four", "2004-09-21"),
        ("December twenty twenty-eight", "December twenty twenty-eight", "2028-12-00"),
        ("November two thousand and thirty three", "November two thousand and thirty three", "2033-11-00"),
        ("July of 29", "July of 29", "1929-07-00"),
        ("January 33.", "January 33", "1933-01-00"),
        ("the eleventh of the second, fifty-seven", "the eleventh of the second, fifty-seven", "1957-02-11"),
        ("since 2009", "2009", "2009-00-00"),
        ("on Tuesday", "Tuesday", "0000-00-00"),
    ],
)
def test_dates_are_found_as_they_are_said(said: Said, text: str, words: str, value: str) -> None:
    conversation = said(text)
    (date,) = find_dates(conversation)
    assert conversation.text[conversation.atoms[date.first].start : conversation.atoms[date.last].end] == words
    assert date.value == value


@pytest.mark.parametrize("text", ["you may go", "they march on", "in 4471 cases", "it is of 2009 4471"])
def test_words_that_only_look_like_dates_are_none(said: Said, text: str) -> None:
    assert find_dates(said(text)) == []
