"""Tokens and terms, compared without case and accents: functions."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.schemas.transcript import Transcript, Utterance, Word
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.detect_pii.text.sound_alikes import likeness, sound_of
from hushbeam.transforms.detect_pii.text.tokens import Terms, plain, tokens_of


@given(st.lists(st.text(max_size=12), min_size=1, max_size=8))
def test_tokens_lie_where_they_say_and_begin_in_their_words(texts: list[str]) -> None:
    words = tuple(Word(f" {text}", number, number + 0.5, 0.9, 0) for number, text in enumerate(texts))
    conversation = Conversation(Transcript("en", 1.0, len(words), 1, (Utterance(0, words),)))
    end = 0
    for token in tokens_of(conversation):
        assert conversation.text[token.start : token.end] == token.text
        assert conversation.text[end : token.start] == token.before
        start, stop = conversation.span_of(token.word)
        assert start <= token.start < stop
        end = token.end


def test_words_are_compared_without_case_accents_and_possessives() -> None:
    assert plain("Zoë's") == "zoe"
    assert plain("O’Connell") == "o'connell"


def test_the_longest_term_is_found_with_or_without_a_plural(said: Callable[[str], Conversation]) -> None:
    terms = Terms({"short": {"x-ray"}, "long": {"chest x-ray"}})
    tokens = tokens_of(said("two chest X rays, one x-ray"))
    assert [(tokens[first].text, tokens[last].text, label) for first, last, label in terms.find(tokens)] == [
        ("chest", "rays", "long"),
        ("x", "ray", "short"),
    ]


def test_a_term_whose_first_word_alone_is_one_too_is_found_as_a_whole_with_a_plural(
    said: Callable[[str], Conversation],
) -> None:
    terms = Terms({"name": {"crohn"}, "condition": {"crohn disease"}})
    assert list(terms.find(tokens_of(said("it is Crohns disease")))) == [(2, 3, "condition")]


def test_a_term_does_not_go_over_the_end_of_a_sentence(said: Callable[[str], Conversation]) -> None:
    assert list(Terms({"place": {"new york"}}).find(tokens_of(said("That is new. York is old.")))) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [("kavalczyk", "cavalchick"), ("warforin", "warfarin"), ("philippe", "filip"), ("shawn", "schaun")],
)
def test_words_that_sound_alike_are_alike(one: str, other: str) -> None:
    assert sound_of(one) == sound_of(other)
    assert likeness(one, other) > 0.7


@pytest.mark.parametrize(("one", "other"), [("okay", "okafor"), ("market", "marcus"), ("chain", "chennai")])
def test_words_that_only_begin_alike_are_not(one: str, other: str) -> None:
    assert likeness(one, other) < 0.78


@given(
    st.text(alphabet="abcdefghijklmnopqrstuvwxyz'", min_size=1),
    st.text(alphabet="abcdefghijklmnopqrstuvwxyz'", min_size=1),
)
def test_likeness_is_symmetric_and_between_0_and_1(one: str, other: str) -> None:
    assert likeness(one, other) == likeness(other, one)
    assert 0 <= likeness(one, other) <= 1
    assert likeness(one, one) == 1
