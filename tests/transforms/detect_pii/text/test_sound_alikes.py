"""Search for misrecognised terms, with errors of whisper-base on a synthetic voice over a telephone line."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.transforms.detect_pii.text.common_words import is_everyday
from hushbeam.transforms.detect_pii.text.sound_alikes import SoundAlikes
from hushbeam.transforms.detect_pii.text.tokens import tokens_of
from tests.transforms.detect_pii.conversations import Said

Heard = Callable[[str, str], list[str]]


@pytest.fixture(scope="module")
def heard(said: Said) -> Heard:
    """The words of a text that sound like a term."""

    def of(term: str, text: str) -> list[str]:
        conversation = said(text)
        tokens = tokens_of(conversation)
        found = sorted(SoundAlikes([term], is_everyday).find(tokens), key=lambda one: one.first)
        return [conversation.text[tokens[one.first].start : tokens[one.last].end] for one in found]

    return of


@pytest.mark.parametrize(
    ("term", "misheard"),
    [
        ("Siobhan Kowalczyk", "Shavon Kovalchick"),
        ("Christopher Pacheco", "Christopher Pashiko"),
        ("Eoghan McLoughlin", "Iyag and McLaughlin"),
        ("Venkatesh Subramaniam", "Venkatesh Subramanim"),
        ("Orsolya Farkas", "Orcelio Farcas"),
        ("Ludmila Dostalova", "La Mila Dostolava"),
        ("Niamh O'Donoghue", "Niamhodhana Q"),
        ("MacDonald", "Mac Donald"),
        ("McDonald", "Mac Donald"),
        ("Mac Donald", "McDonald"),
        ("Nimbuscore", "Nimbus Core"),
        ("Zentrix", "Zintrix"),
        ("Halcyon Grove", "Helsion Grove"),
    ],
)
def test_a_term_is_found_as_it_was_misheard(term: str, misheard: str, heard: Heard) -> None:
    assert heard(term, f"Please ask for {misheard} today.") == [misheard]


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("Hans", "that means it has to wait"),
        ("Sanya Mitter", "it was a matter of days"),
        ("Blue Moon", "the blue one is on Monday"),
        ("Grace", "there is a grass field and great space"),
        ("Ozymandias", "we are closed on Mondays"),
        ("Jack Hunt", "which account do you mean"),
        ("Area 51", "look in area 15, then area fifteen"),
        ("Ann", "Anna and Anne"),
        ("Mark Reid", "please mark it read"),
    ],
)
def test_everyday_words_short_terms_and_other_numbers_are_left_alone(term: str, text: str, heard: Heard) -> None:
    assert heard(term, text) == []


def test_everyday_words_that_sound_the_same_are_the_term(heard: Heard) -> None:
    assert heard("Blue Moon", "we launch blew moon in May") == ["blew moon"]


def test_a_term_does_not_reach_over_the_end_of_a_sentence(heard: Heard) -> None:
    assert heard("Orsolya Farkas", "It was Orcelio. Farcas called.") == []


def test_of_overlapping_words_the_most_alike_are_taken(heard: Heard) -> None:
    assert heard("Naomi Linschoten", "so Naomi Lenskopen and others") == ["Naomi Lenskopen"]


@given(st.text(max_size=30), st.text(alphabet="abcdeKLMNO .,'-1é\n", max_size=60))
def test_what_is_found_lies_in_the_text_and_never_twice(said: Said, term: str, text: str) -> None:
    tokens = tokens_of(said(text or "a"))
    taken: set[int] = set()
    for one in SoundAlikes([term, "Malone"], is_everyday).find(tokens):
        assert 0 <= one.first <= one.last < len(tokens)
        assert 0 < one.likeness <= 1
        assert taken.isdisjoint(range(one.first, one.last + 1))
        taken.update(range(one.first, one.last + 1))
