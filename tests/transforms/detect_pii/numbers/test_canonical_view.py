"""Spoken numbers as they would be typed, and the words that said them: functions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hushbeam.schemas.transcript import Transcript, Utterance, Word
from hushbeam.transforms.detect_pii.numbers.canonical_view import CanonicalView
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from tests.transforms.detect_pii.conversations import Said

words = st.sampled_from(
    ["one", "ninety-two", "dot", "192", "A", "b", "at", "hello,", "5-5", "double", "oh", "slash", "£3"]
)


def test_numbers_and_signs_are_written_as_they_would_be_typed(said: Said) -> None:
    view = CanonicalView(said("G B 29 N W B K six zero one six at acme dot com"))
    assert view.text == " GB29NWBK6016@acme.com"


def test_a_span_leads_back_to_the_words_that_said_it(said: Said) -> None:
    conversation = said("the number six one four ends")
    view = CanonicalView(conversation)
    start = view.text.index("614")
    first, end = view.source(start, start + 3)
    assert conversation.text[first:end] == "six one four"


@given(st.lists(words, min_size=1, max_size=20))
def test_every_character_comes_from_somewhere_in_order(texts: list[str]) -> None:
    utterance = Utterance(0, tuple(Word(f" {text}", 0.0, 0.1, 0.9, 0) for text in texts))
    conversation = Conversation(Transcript("en", 1.0, 1.0, 1, (utterance,)))
    view = CanonicalView(conversation)
    sources = [view.source(position, position + 1) for position in range(len(view.text))]
    assert all(0 <= start < end <= len(conversation.text) for start, end in sources)
    assert sources == sorted(sources)
