"""Options that are lists of names, which commas may separate."""

from __future__ import annotations

from typing import Any

from pydantic import BeforeValidator


def separated(value: Any) -> Any:
    """The names in a text, or in texts; anything else as it is."""
    values = (value,) if isinstance(value, str) else value
    if not isinstance(values, list | tuple) or not all(isinstance(one, str) for one in values):
        return values
    return tuple(part.strip() for one in values for part in one.split(",") if part.strip())


SEPARATED = BeforeValidator(separated)
"""Accepts names separated by commas. Not for paths, ids and secrets, which may hold commas."""
