"""Ages and durations as options: `90m`, `24h` or `30d`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator

from hushbeam.transforms.base.metavar import Metavar

_AGE = re.compile(r"(?P<number>\d{1,6})(?P<unit>[mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def _checked(age: str) -> str:
    if _AGE.fullmatch(age) is None:
        raise ValueError("expected minutes, hours or days, such as 90m, 24h or 30d")
    return age


Age = Annotated[str, AfterValidator(_checked), Metavar("AGE")]
"""Minutes, hours or days, such as 90m, 24h or 30d."""


def duration(age: str) -> timedelta:
    """The duration that a checked age says."""
    match = _AGE.fullmatch(age)
    assert match is not None
    return timedelta(**{_UNITS[match["unit"]]: int(match["number"])})
