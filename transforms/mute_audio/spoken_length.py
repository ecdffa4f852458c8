"""How long words take to say, from how they are written. Rough: it tells possible times from impossible ones."""

from __future__ import annotations

SYMBOLS_SAID_AFTER = frozenset("$£€¥₹%°")
"""Written before or after a number, and always said after it, where the recogniser's clock has none of it."""

SYMBOL_S = 0.35
DIGIT_S = 0.20


def longest_s(text: str) -> float:
    """Seconds that nobody exceeds in saying a word without a pause: digits and capitals are said one by one."""
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
