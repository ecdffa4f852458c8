"""Checksums of card, bank and identity numbers: functions."""

from __future__ import annotations

import pytest

from hushbeam.transforms.detect_pii.numbers.checksums import kinds_of_number, proven_kind


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


@pytest.mark.parametrize(
    "card",
    [
        "4111111111111111",
        "4242424242424242",
        "5555555555554444",
        "2223003122003222",
        "378282246310005",
        "30569309025904",
        "38520000023237",
        "6011111111111117",
        "3530111333300000",
        "6200000000000005",
    ],
)
def test_issuer_and_check_digit_prove_a_card(card: str) -> None:
    assert proven_kind(card) == "credit_card_number"
    assert proven_kind(f"{card[:-1]}{(int(card[-1]) + 1) % 10}") is None


def test_an_account_number_of_a_country_is_proven_by_its_checksum() -> None:
    assert proven_kind("GB29NWBK60161331926819") == "banking_information"
    assert proven_kind("GB28NWBK60161331926819") is None


@pytest.mark.parametrize("value", ["", "4222222222222", "491511234567", "021000021", "9434765919", "79927398713"])
def test_a_check_digit_alone_proves_nothing(value: str) -> None:
    assert proven_kind(value) is None
