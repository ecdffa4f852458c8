"""Terms that a manifest line names, as they are said or misheard: one recogniser."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hushbeam.transforms.detect_pii.patterns.static_entities import find_sound_alikes, find_static_entities
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from tests.transforms.detect_pii.conversations import Said, Spans


@pytest.mark.parametrize(
    ("term", "text", "found"),
    [
        ("Project Falcon", "We call it project falcon here", ["project falcon"]),
        ("BlueMoon", "It's B-L-U-E moon", ["B-L-U-E moon"]),
        ("BlueMoon", "the blue moon's price", ["blue moon's"]),
        ("Area 51", "in area fifty-one they", ["area fifty-one"]),
        ("Ann", "Anna and annual", []),
        ("", "anything at all", []),
    ],
)
def test_terms_are_found_in_the_ways_in_which_they_are_said(
    said: Said, spans: Spans, term: str, text: str, found: list[str]
) -> None:
    conversation = said(text)
    assert [
        words for _, words in spans(conversation, find_static_entities(conversation, {"code_name": [term]}))
    ] == found


def test_a_term_stands_under_the_label_that_the_user_gave(said: Said) -> None:
    (candidate,) = find_static_entities(said("the falcon"), {"code_name": ["Falcon"]})
    assert (candidate.policy, candidate.label, candidate.score) == ("custom", "CODE_NAME", 1.0)


def test_a_misheard_term_stands_under_its_label_and_the_score_says_how_alike_it_is(said: Said) -> None:
    terms = {"client": ["Siobhan Kowalczyk"]}
    (candidate,) = find_sound_alikes(said("I met Shavon Kovalchick there"), terms, [])
    assert (candidate.policy, candidate.label, candidate.first_word, candidate.last_word) == ("custom", "CLIENT", 2, 3)
    assert 0.6 < candidate.score < 1


def test_what_was_found_exactly_is_not_found_again_by_its_sound(said: Said) -> None:
    conversation, terms = said("I met Siobhan Kowalczyk there"), {"client": ["Siobhan Kowalczyk"]}
    exact = list(find_static_entities(conversation, terms))
    assert len(exact) == 1
    assert list(find_sound_alikes(conversation, terms, exact)) == []


def test_in_languages_without_a_list_of_everyday_words_a_term_must_be_more_alike(said: Said) -> None:
    spanish = Conversation(
        replace(said("hablé con Javier Echeveria y con Iyag McLaughlin").transcript, language_code="es")
    )
    terms = {"client": ["Javier Echeverría", "Eoghan McLoughlin"]}
    (candidate,) = find_sound_alikes(spanish, terms, [])
    assert (candidate.first_word, candidate.last_word) == (2, 3)
