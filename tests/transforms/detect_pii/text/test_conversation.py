"""Conversations and the words at their characters: functions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.schemas.transcript import Transcript, Utterance, Word
from hushbeam.transforms.detect_pii.text.conversation import Conversation

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), min_size=1, max_size=8)
calls = st.lists(st.tuples(st.integers(0, 1), st.lists(texts, min_size=1, max_size=5)), min_size=1, max_size=6)


def conversation_of(call: list[tuple[int, list[str]]]) -> Conversation:
    utterances = tuple(
        Utterance(channel, tuple(Word(text, 0.0, 0.1, 0.9, channel) for text in words)) for channel, words in call
    )
    return Conversation(Transcript("en", 1.0, 1.0, 2, utterances))


@given(calls)
def test_every_character_knows_its_word(call: list[tuple[int, list[str]]]) -> None:
    conversation = conversation_of(call)
    for number, word in enumerate(conversation.words):
        start, end = conversation.span_of(number)
        assert conversation.text[start:end] == word.text
        assert all(conversation.word_at(character) == number for character in range(start, end))


@given(calls)
def test_text_is_the_words_as_they_are_with_a_line_for_each_utterance(call: list[tuple[int, list[str]]]) -> None:
    assert conversation_of(call).text == "\n".join("".join(words) for _, words in call)


@given(calls, st.data())
def test_ranges_are_cut_at_utterances_without_loss(call: list[tuple[int, list[str]]], data: st.DataObject) -> None:
    conversation = conversation_of(call)
    first = data.draw(st.integers(0, len(conversation.words) - 1))
    last = data.draw(st.integers(first, len(conversation.words) - 1))
    spans = conversation.spans_by_utterance(first, last)
    assert [word for start, end in spans for word in range(start, end + 1)] == list(range(first, last + 1))
    assert all(conversation.turn_of(start) == conversation.turn_of(end) for start, end in spans)


def test_white_space_at_the_ends_of_a_span_belongs_to_no_word() -> None:
    conversation = conversation_of([(0, [" call", " 614", "-555", " today"])])
    assert conversation.words_of(5, 14) == (1, 2)


def test_word_pieces_without_a_leading_space_are_words_of_their_own() -> None:
    conversation = conversation_of([(0, [" $1", ",250"])])
    assert conversation.text == " $1,250"
    assert conversation.words_of(1, 7) == (0, 1)


def test_an_empty_span_has_no_words() -> None:
    with pytest.raises(ValueError, match="empty span"):
        conversation_of([(0, [" a", " b"])]).words_of(2, 3)


def test_no_repr_shows_a_word() -> None:
    assert "secret" not in repr(conversation_of([(0, [" secret"])]))
