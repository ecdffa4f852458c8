"""Windows of tokens. Plain functions."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.transforms.detect_pii.models.windows import (
    NO_WORD,
    TokenisedConversation,
    of_words,
    windows,
)


@given(st.integers(1, 3000), st.integers(2, 400), st.data())
def test_each_token_is_kept_once_and_lies_in_its_window(count: int, size: int, data: st.DataObject) -> None:
    stride = data.draw(st.integers(1, size))
    kept: list[int] = []
    for window in windows(count, size, stride):
        assert 0 <= window.first <= window.first_kept < window.last_kept <= window.last <= count
        assert window.last - window.first <= size
        kept += range(window.first_kept, window.last_kept)
    assert kept == list(range(count))


def test_a_conversation_without_tokens_has_no_window() -> None:
    assert list(windows(0, 100, 80)) == []


def test_values_of_words_go_to_their_tokens_and_borders_have_none() -> None:
    words = np.array([0, 0, 1, NO_WORD, 2, NO_WORD], np.int32)
    conversation = TokenisedConversation(words, words, words)
    assert of_words([7, 8, 9], conversation).tolist() == [7, 7, 8, 0, 9, 0]
