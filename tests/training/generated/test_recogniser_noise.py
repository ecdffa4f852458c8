"""Simulated errors of a speech recogniser. Plain functions."""

from __future__ import annotations

import re
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from training.generated import recogniser_noise, verbalise
from training.generated.recogniser_noise import PERFECT, Noise

randoms = st.randoms(use_true_random=False)
digit_strings = st.text("0123456789", min_size=2, max_size=16)


@given(digit_strings, randoms)
def test_without_noise_no_digit_is_lost(digits: str, random: Random) -> None:
    items = recogniser_noise.write(verbalise.in_breaths(digits, random), random, PERFECT)
    written = re.sub(r"\D", "", "".join(items))
    assert written in ("", digits)  # in words, or in digits


@given(digit_strings, randoms)
def test_items_are_never_empty_and_the_first_begins_a_word(digits: str, random: Random) -> None:
    items = recogniser_noise.write(verbalise.in_breaths(digits, random), random, Noise())
    assert items
    assert items[0].startswith(" ")
    assert all(item.strip() for item in items)


@given(randoms)
def test_splitting_keeps_the_text(random: Random) -> None:
    text = " it's 614-555-0142, or 192.168.1.42 at K-O-W"
    assert "".join(recogniser_noise.split_into_items(text, random)) == text


def test_a_wrong_digit_changes_the_number_by_one_digit() -> None:
    noise = Noise(wrong_digit=1.0, homophone=0.0, zero_as_letter=0.0)
    lengths = set()
    for seed in range(40):
        random = Random(seed)
        items = recogniser_noise.write((verbalise.digit_group("614", random, plain=True),), random, noise)
        lengths.add(len(re.sub(r"\D", "", "".join(items))))
    assert lengths <= {0, 2, 4}  # 0: written in words
    assert {2, 4} <= lengths


def test_plain_text_keeps_what_stands_inside_words() -> None:
    assert recogniser_noise.plain_text(" 192.168.1.42, okay?") == " 192.168.1.42 okay"
