"""Plain functions: how long words can take to say."""

from __future__ import annotations

import pytest

from hushbeam.transforms.base.spoken_length import (
    longest_for_muting_s,
    longest_for_second_look_s,
    number_s,
    symbol_s,
)


@pytest.mark.parametrize("longest_s", [longest_for_muting_s, longest_for_second_look_s])
def test_digits_may_take_longer_than_the_letters_of_a_word(longest_s) -> None:
    assert longest_s(" 4242424242") > 4.0
    assert longest_s(" the") < 1.0


def test_only_muting_expects_capitals_to_be_spelled() -> None:
    assert longest_for_muting_s(" KLM") > longest_for_muting_s(" Klm")
    assert longest_for_second_look_s(" KLM") == longest_for_second_look_s(" Klm")


def test_a_symbol_takes_time_after_a_number() -> None:
    assert number_s(" 42%") > number_s(" 42") > 0.0 == number_s(" forty")
    assert symbol_s(" $5") > symbol_s(" 5") == 0.0
