"""Examples of training: words and marks, and other values for the marks. Plain functions."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.conversations import Mark, Piece, Turn, WrittenConversation, read_conversations
from training.examples import PLAIN, Example, Style, example, random_style
from training.values import Replacement

PAIRS = list(read_conversations())[::40]


def conversation(*pieces: Piece) -> WrittenConversation:
    return WrittenConversation("someone", "call", "en", 2, (Turn(0, pieces),))


def texts(one: Example) -> list[str]:
    words = one.transcript.words
    return ["".join(words[word].text for word in mention.words).strip() for mention in one.mentions]


def test_a_mention_is_the_words_that_its_piece_touches() -> None:
    one = example(
        conversation(Piece("It's "), Piece("Amy", Mark("person_name")), Piece("'s, not mine.")), PLAIN, Random(0)
    )
    assert [word.text for word in one.transcript.words] == [" It's", " Amy's,", " not", " mine."]
    assert one.mentions[0].words == (1,)


def test_punctuation_and_case_may_be_dropped() -> None:
    style = Style(lower_case=True, no_punctuation=True)
    one = example(conversation(Piece("Hello, "), Piece("Amy", Mark("person_name")), Piece(".")), style, Random(0))
    assert [word.text for word in one.transcript.words] == [" hello", " amy"]


@given(st.sampled_from(PAIRS), st.integers(0, 1), st.integers(0, 2**32))
def test_marks_survive_any_style(pair: tuple[WrittenConversation, ...], form: int, seed: int) -> None:
    written = pair[form]
    one = example(written, random_style(Random(seed), written.channels), Random(seed))
    plain = example(written, PLAIN, Random(seed))
    assert [mention.mark for mention in one.mentions] == [mention.mark for mention in plain.mentions]
    used = [word for mention in one.mentions for word in mention.words]
    assert used == sorted(set(used))


@given(st.sampled_from(PAIRS), st.floats(0, 1), st.floats(0, 1), st.integers(0, 2**32))
def test_turns_may_be_joined_and_broken(
    pair: tuple[WrittenConversation, ...], joined: float, broken: float, seed: int
) -> None:
    style = Style(one_channel=True, joined=joined, broken=broken)
    one, plain = example(pair[0], style, Random(seed)), example(pair[0], Style(one_channel=True), Random(seed))
    assert one.transcript.words == plain.transcript.words
    assert one.mentions == plain.mentions
    if joined == 1 and broken == 0:
        assert len(one.transcript.utterances) == 1


@given(st.sampled_from(PAIRS), st.integers(0, 1), st.integers(0, 2**32))
def test_other_values_stand_where_the_values_stood(pair: tuple[WrittenConversation, ...], form: int, seed: int) -> None:
    before = pair[form]
    after = Replacement(Random(seed), before.language).conversation(before)
    for old, new in zip(before.turns, after.turns, strict=True):
        assert [piece.mark for piece in old.pieces] == [piece.mark for piece in new.pieces]
        assert [piece.text for piece in old.pieces if not piece.mark] == [
            piece.text for piece in new.pieces if not piece.mark
        ]
        assert all(piece.text.strip() for piece in new.pieces if piece.mark and len(piece.text) > 1)


@pytest.mark.parametrize("seed", range(5))
def test_one_person_has_one_name_in_a_conversation(seed: int) -> None:
    full, first, spelled = "Tuan Pham", "Tuan", "P-H-A-M"
    replacement = Replacement(Random(seed), "en", keep_names=0.0)
    marks = (
        Mark("person_name", "caller.full"),
        Mark("person_name", "caller.first"),
        Mark("person_name", "caller.last.spelled"),
    )
    pieces = [Piece(text, mark) for text, mark in zip((full, first, spelled), marks, strict=True)]
    new_full, new_first, new_spelled = (
        piece.text for piece in replacement.conversation(conversation(*pieces)).turns[0].pieces
    )
    assert new_full.startswith(new_first)
    assert new_full != full
    letters = [letter for letter in new_full.removeprefix(new_first).upper() if letter.isalpha()]
    assert new_spelled == "-".join(letters)


def test_a_name_that_is_another_part_of_the_same_name_is_replaced_once() -> None:
    replacement = Replacement(Random(1), "en", _names={"maria": "Anna", "anna": "Ruth", "lopez": "Maria"})
    piece = Piece("Maria Anna Lopez", Mark("person_name", "caller.full"))
    (new,) = replacement.conversation(conversation(piece)).turns[0].pieces
    assert new.text == "Anna Ruth Maria"


def test_a_number_and_its_parts_change_alike() -> None:
    replacement = Replacement(Random(1), "en")
    mark = Mark("credit_card_number", "card")
    pieces = (Piece("4242 4241", mark), Piece("4241", mark), Piece("four two four one", mark))
    whole, part, said = (piece.text for piece in replacement.conversation(conversation(*pieces)).turns[0].pieces)
    assert whole.split()[1] == part != "4241"
    words = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    assert said.split() == [words[int(digit) - 1] for digit in part]
