"""Names of reviewers. They become parts of file names."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

EXPECTED = "a name of at most 60 letters, digits, spaces and . @ ' - _"

_NAME = re.compile(r"[\w.@'-]+( [\w.@'-]+)*")
_LONGEST = 60


def is_reviewer_name(name: str) -> bool:
    """Whether a reviewer may have this name."""
    return len(name) <= _LONGEST and _NAME.fullmatch(name) is not None


def _checked(name: str) -> str:
    if not is_reviewer_name(name):
        raise ValueError(EXPECTED)
    return name


ReviewerName = Annotated[str, AfterValidator(_checked)]
