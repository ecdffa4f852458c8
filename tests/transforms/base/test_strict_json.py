"""Strict JSON parser and its error messages. Plain functions."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.transforms.base.strict_json import UnusableJsonError, parsed_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=9,
)


@given(VALUES)
def test_what_is_json_comes_back(value: object) -> None:
    assert parsed_json(json.dumps(value)) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"redact_pii": true, "redact_pii": false}', "twice"),
        ('{"a": {"zebra": 1, "b": 2, "zebra": 1}}', "key 3"),
        ('[{"zebra": 1, "\\u007aebra": 1}]', "twice"),
        ('{"zebra": NaN}', "NaN"),
        ("[-Infinity]", "Infinity"),
        ('{"zebra"', "Expecting ':' delimiter at column 9"),
        ('"\\zebra"', "Invalid \\escape at column 2"),
        ("zebra", "Expecting value at column 1"),
        ("1" * 5000, "thousands of digits"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_not_is_refused_without_a_word_of_it(text: str, said: str) -> None:
    with pytest.raises(UnusableJsonError) as refused:
        parsed_json(text)
    assert said in str(refused.value)
    assert "zebra" not in str(refused.value)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parsed_json(text)
    except UnusableJsonError as error:
        assert str(error).isascii()
