"""Names that are spelled letter by letter: one recogniser."""

from __future__ import annotations

import pytest

from hushbeam.transforms.detect_pii.names.spelled import SpelledWords, misheard_names
from hushbeam.transforms.detect_pii.recogniser import Candidate
from tests.transforms.detect_pii.conversations import Marked, Said, Spans, plain

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
        "A: Spell that for me?\nB: Sure. [see, are, A, W, L, E, Y.]",
        "B: [see, are, A, W, L, E, Y.]",
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


@pytest.mark.parametrize(
    ("call", "misheard"),
    [
        ("A: Your name?\nB: Yes, fall asleep, the other side. A-L-N-A-R-A.", "fall asleep, the other side"),
        ("A: Whose name is on it?\nB: It's show mess, S H A U M", "show mess"),
        ("A: And who is calling?\nB: Uncle too and went, N as in Mount, G U Y E N", "Uncle too and went"),
    ],
)
def test_what_was_transcribed_for_a_name_before_its_spelling_is_a_name(
    said: Said, spans: Spans, call: str, misheard: str
) -> None:
    conversation = said(call)
    letters = [one for one in SPELLED.recognise(conversation) if one.policy == "person_name"]
    before = range(len(conversation.utterances[0].words), letters[0].first_word)
    assert spans(conversation, misheard_names(conversation, letters, {before[-2]})) == [("person_name", misheard)]
    assert list(misheard_names(conversation, letters, set())) == []


def test_a_short_word_of_the_other_side_does_not_part_a_name_from_its_letters(said: Said, spans: Spans) -> None:
    conversation = said("A: Whose name?\nB: Fall asleep\nA: Surname?\nB: other side, O-Y-E-L-A")
    letters = list(SPELLED.recognise(conversation))
    found = spans(conversation, misheard_names(conversation, letters, {3}))
    assert found == [("person_name", "Fall asleep"), ("person_name", "other side")]


def test_in_one_channel_only_words_of_the_turn_are_a_misheard_name(said: Said, spans: Spans) -> None:
    conversation = said("Can you spell that\nFall asleep, O-Y-E-L-A")
    letters = list(SPELLED.recognise(conversation))
    found = spans(conversation, misheard_names(conversation, letters, {2, 4}))
    assert found == [("person_name", "Fall asleep")]


def test_letters_that_were_transcribed_as_words_are_no_name(said: Said, spans: Spans) -> None:
    conversation = said("A: Your name?\nB: Yes, fall asleep. Why? L-N-A-R-A.")
    found = [Candidate("person_name", 5, 5, 0.3, "model"), *SPELLED.recognise(conversation)]
    assert spans(conversation, misheard_names(conversation, found, {3})) == [("person_name", "fall asleep")]


def test_nothing_is_misheard_where_the_name_was_found_or_only_leads_to_the_letters(said: Said) -> None:
    conversation = said("A: Name?\nB: Ana Delgado with one L, D-E-L-G-A-D-O.")
    found = [Candidate("person_name", 1, 2, 0.9, "model"), *SPELLED.recognise(conversation)]
    assert list(misheard_names(conversation, found, {3, 4, 5})) == []
    conversation = said("A: Can you spell it?\nB: Yes it's D-E-L-G-A-D-O.")
    assert list(misheard_names(conversation, list(SPELLED.recognise(conversation)), {5, 6})) == []
