"""Masks in the words of given transcripts. Plain functions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.schemas.transcript import Utterance, Word
from hushbeam.transforms.transcribe.given.entry import LONGEST_WORD
from hushbeam.transforms.transcribe.given.masks import masked_words, outside_masks


def utterance(*texts: str, channel: int = 0) -> Utterance:
    return Utterance(channel, tuple(Word(text, float(at), at + 0.5, 0.9, channel) for at, text in enumerate(texts)))


@pytest.mark.parametrize("text", [" [PII]", " [PHONE_NUMBER_1].", " ####.", " ##/##", " ***,", " [[PII]]", " []"])
def test_a_word_that_is_only_a_mask_has_nothing_outside_it(text: str) -> None:
    turn = utterance(" my", text, " ok")
    assert masked_words([turn]) == (1,)
    assert not any(map(str.isalnum, outside_masks([turn])[1]))


@pytest.mark.parametrize(
    ("text", "outside"), [(" joh***@gmail.com", "joh @gmail.com"), (" ***-1234", "-1234"), (" [PII]s", "s")]
)
def test_what_stands_beside_a_mask_is_outside_it(text: str, outside: str) -> None:
    turn = utterance(" my", text, " ok")
    assert masked_words([turn]) == (1,)
    assert " ".join(outside_masks([turn])[1].split()) == outside


@pytest.mark.parametrize(
    "texts",
    [
        (" [PHONE", " NUMBER]"),
        (" [", " PII", " ],"),
        (" [US", " SOCIAL", " SECURITY", " NUMBER", " 1]."),
        (" [", "PII", "]"),
        (" **", "**"),
    ],
)
def test_a_mask_may_be_several_words_or_pieces(texts: tuple[str, ...]) -> None:
    turn = utterance(" my", *texts, " ok")
    assert masked_words([turn]) == tuple(range(1, 1 + len(texts)))
    assert not any(map(str.isalnum, "".join(outside_masks([turn])[1:-1])))


def test_pieces_of_a_word_are_masked_with_the_mask_beside_them() -> None:
    turn = utterance(" mail", " joh***", "@gmail", ".com", " ok")
    assert masked_words([turn]) == (1, 2, 3)
    assert [text.strip() for text in outside_masks([turn])] == ["mail", "joh", "@gmail", ".com", "ok"]


def test_a_mask_goes_on_in_the_next_utterance_of_its_channel() -> None:
    turns = [utterance(" my", " [PHONE"), utterance(" mhm", channel=1), utterance(" NUMBER]", " ok")]
    assert masked_words(turns) == (1, 3)
    assert [text.strip() for text in outside_masks(turns)] == ["my", "", "mhm", "", "ok"]


def test_a_bracket_without_the_other_one_masks_its_own_word_alone() -> None:
    turn = utterance(" my", " [PHONE", *[" word"] * 12, " NUMBER]", " ok")
    assert masked_words([turn]) == (1, 14)
    assert outside_masks([turn])[1].split() == ["PHONE"]


def test_a_mask_beside_or_in_the_longest_word_is_found() -> None:
    longest = "x" * (LONGEST_WORD - 1)
    assert masked_words([utterance(" my", f" [{longest}", " NUMBER]", " ok")]) == (1, 2)
    assert masked_words([utterance(" my", f" {longest}*", " ok")]) == (1,)
    assert masked_words([utterance(" my", f" [{longest[2:]}]", " ok")]) == (1,)


_texts = st.lists(st.text("[]#* aB1", min_size=1, max_size=5).map(lambda text: f" {text}"), max_size=12)


@given(_texts, _texts)
def test_masks_are_replaced_by_spaces_alone_and_their_words_are_masked(one: list[str], other: list[str]) -> None:
    turns = [utterance(*one), utterance(*other, channel=1)]
    texts = [*one, *other]
    outside = outside_masks(turns)
    assert [len(text) for text in outside] == [len(text) for text in texts]
    masked = masked_words(turns)
    for number, (text, rest) in enumerate(zip(texts, outside, strict=True)):
        assert not set(rest) & set("[]#*")
        assert all(after in (before, " ") for before, after in zip(text, rest, strict=True))
        assert (number in masked) == (text != rest)
