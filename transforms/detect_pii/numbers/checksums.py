"""Checksums: the kinds of numbers that a string of digits and letters may be.

A checksum chooses a label and raises a score. It never decides whether to redact, because speech recognisers drop and
repeat digits.
"""

from __future__ import annotations

import re

import phonenumbers
from stdnum import iban, luhn
from stdnum.gb import nhs
from stdnum.us import rtn, ssn

_CARD_LENGTHS = range(13, 20)
_ISSUED_CARD = re.compile(
    r"4\d{15}(\d{3})?"  # Visa; with 13 digits it would look like telephone numbers of Germany
    r"|(5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|3(0[0-5]|[689]\d)\d{11}"  # Diners Club
    r"|(6011|65\d\d|64[4-9]\d|35(2[89]|[3-8]\d)|62\d\d)\d{12}"  # Discover, JCB, UnionPay
)
_VIN_LENGTH = 17
# With the 0 that is dialled before an area, in Britain, France, Germany, Australia and others.
_NATIONAL_LENGTHS = (10, 11)
_UK_PLATE = re.compile(r"[A-Z]{2}\d{2}[A-Z]{3}")


def kinds_of_number(value: str) -> tuple[str, ...]:
    """Policies whose checksums a normalised number passes, the strongest first."""
    kinds: list[str] = []
    if value.isdigit():
        if len(value) in _CARD_LENGTHS and (luhn.is_valid(value) or len(value) in (15, 16)):
            kinds.append("credit_card_number")
        if _is_phone(value):
            kinds.append("phone_number")
        if len(value) == 9 and rtn.is_valid(value):
            kinds.append("banking_information")
        if len(value) == 9 and ssn.is_valid(value):
            kinds.append("us_social_security_number")
        if len(value) == 10 and nhs.is_valid(value):
            kinds.append("healthcare_number")
    else:
        if iban.is_valid(value) or (
            len(value) >= 15 and value[:2].isalpha() and value[2:4].isdigit() and value.isalnum()
        ):
            kinds.append("banking_information")
        vin = len(value) == _VIN_LENGTH and not set(value) & set("IOQ")
        if vin or _UK_PLATE.fullmatch(value):
            kinds.append("vehicle_id")
    return tuple(kinds)


def proven_kind(value: str) -> str | None:
    """The policy of a normalised number whose issuer and checksum leave little doubt; None of any other.

    The check digit of a routing number or of an NHS number is not enough: every tenth number of their length has it.
    """
    if _ISSUED_CARD.fullmatch(value) and luhn.is_valid(value):
        return "credit_card_number"
    return "banking_information" if iban.is_valid(value) else None


def _is_phone(value: str) -> bool:
    if not 10 <= len(value) <= 13:
        return False
    if len(value) == 10 or (len(value) == 11 and value.startswith("1")):
        area, exchange = value[-10], value[-7]
        return area in "23456789" and exchange in "23456789"
    if value.startswith("0"):
        return len(value) in _NATIONAL_LENGTHS
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(f"+{value}", None))
    except phonenumbers.NumberParseException:
        return False
