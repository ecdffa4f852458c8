"""Checksums of card, bank and identity numbers: functions."""

from __future__ import annotations

import pytest

from hushbeam.transforms.detect_pii.numbers.checksums import kinds_of_number


@pytest.mark.parametrize(
    ("value", "kinds"),
    [
        ("4539148803436467", ("credit_card_number",)),
        ("6145550142", ("phone_number",)),
        ("07700900123", ("phone_number",)),
        ("021000021", ("banking_information",)),
        ("GB29NWBK60161331926819", ("banking_information",)),
        ("1HGCM82633A004352", ("vehicle_id",)),
        ("LT19XKB", ("vehicle_id",)),
        ("441", ()),
        ("", ()),
    ],
)
def test_numbers_pass_the_checks_of_their_kind(value: str, kinds: tuple[str, ...]) -> None:
    assert kinds_of_number(value)[: len(kinds)] == kinds
    assert bool(kinds_of_number(value)) == bool(kinds)
