"""Numbers with their nouns, for messages and pages."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """A number with its noun in the singular or the plural: `1 file`, `2 files`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
