"""Durations of spoken words, estimated from their spelling.

The estimates are rough: they tell possible times from impossible ones. The two upper limits decide different things, so
each has its own constants.
"""

from __future__ import annotations

import re

SYMBOLS_SAID_AFTER = frozenset("$£€¥₹%°")
"""Symbols that are said after a number, wherever they are written; the recogniser gives them no time."""

SYMBOL_S = 0.35
DIGIT_S = 0.20


def longest_for_second_look_s(text: str) -> float:
    """Seconds of speech that a transcribed word can account for; what is longer holds words that were passed over."""
    digits = len(re.findall(r"\d", text))
    letters = len(re.findall(r"[^\W\d_]", text))
    return 0.3 + 0.08 * letters + 0.45 * digits


def longest_for_muting_s(text: str) -> float:
    """Seconds that a word can be heard for, without a pause; digits and capitals may be said one by one."""
    digits = sum(character.isdigit() for character in text)
    capitals = sum(character.isupper() for character in text.strip()[1:])
    letters = sum(character.isalpha() for character in text)
    return 0.2 + 0.45 * digits + 0.3 * capitals + 0.09 * letters


def number_s(text: str) -> float:
    """Seconds that a quick speaker needs for the digits in a text and a symbol beside them; 0 without digits."""
    digits = sum(character.isdigit() for character in text)
    return DIGIT_S * digits + symbol_s(text) if digits else 0.0


def symbol_s(text: str) -> float:
    """Seconds that a currency or percent sign takes after its number; 0 without one."""
    return SYMBOL_S if any(character in SYMBOLS_SAID_AFTER for character in text) else 0.0
