"""Ways of saying values."""

from __future__ import annotations

import datetime
import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.generated import verbalise
from training.generated.verbalise import DIGITS, Spoken

digit_strings = st.text("0123456789", min_size=1, max_size=20)


def digits_of(spoken: Spoken) -> str:
    return "".join(group.written for group in spoken if group.kind == "digits")


@given(digit_strings, st.randoms(use_true_random=False))
def test_breaths_say_every_digit_in_order(digits: str, random: Random) -> None:
    assert digits_of(verbalise.in_breaths(digits, random)) == digits


@given(digit_strings, st.randoms(use_true_random=False))
def test_plain_digits_are_said_one_by_one(digits: str, random: Random) -> None:
    said = verbalise.digit_group(digits, random, plain=True).said
    assert [word.replace("oh", "zero") for word in said] == [DIGITS[int(digit)] for digit in digits]


@given(st.integers(0, 9_999_999))
def test_a_cardinal_adds_up(number: int) -> None:
    values = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
    total = part = 0
    for word in verbalise.cardinal(number):
        if word == "hundred":
            part *= 100
        elif word in values:
            total, part = total + part * values[word], 0
        else:
            part += next(value for value in range(100) if verbalise.cardinal(value) == [word])
    assert total + part == number


@pytest.mark.parametrize(
    ("number", "said", "written"),
    [(1, ["first"], "1st"), (12, ["twelfth"], "12th"), (20, ["twentieth"], "20th"), (23, ["twenty", "third"], "23rd")],
)
def test_ordinals(number: int, said: list[str], written: str) -> None:
    assert verbalise.ordinal(number) == said
    assert verbalise.written_ordinal(number) == written


@given(st.dates(datetime.date(1931, 1, 1), datetime.date(2029, 12, 31)), st.randoms(use_true_random=False))
def test_a_date_names_its_year(day: datetime.date, random: Random) -> None:
    spoken = verbalise.date(day, random)
    assert spoken[-1].written in (str(day.year), f"{day.year % 100:02}")
    assert len(spoken) >= 3


@given(st.emails(), st.randoms(use_true_random=False))
def test_an_email_address_is_written_back_from_its_groups(address: str, random: Random) -> None:
    if not re.fullmatch(r"[a-z\d._-]+@[a-z\d.-]+", address):
        return
    assert "".join(group.written for group in verbalise.email(address, random)).lower() == address


@given(st.text("ABCXYZ", min_size=1, max_size=10), st.randoms(use_true_random=False))
def test_letters_are_spelled_in_order(text: str, random: Random) -> None:
    assert "".join(g.written for g in verbalise.letters(text, random) if g.kind == "letter") == text
