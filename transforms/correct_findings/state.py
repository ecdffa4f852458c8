"""State of corrections: how far a published output follows the reviewers' decisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from hushbeam.schemas.correction import Corrections
from hushbeam.transforms.archive.ledger import Status


def correction_of(status: Status) -> Mapping[str, Any]:
    """The corrections in a certificate; empty if there are none."""
    recorded: Mapping[str, Any] = status.certificate.get("corrections", {})
    return recorded


State = Literal["", "to_render", "to_unmute", "rendered"]
"""Of a review: nothing to do, not rendered yet, only further muted so far, rendered."""


def state_of(status: Status, corrections: Corrections | None) -> State:
    """How far an output follows the reviewers' decisions."""
    recorded = correction_of(status)
    if corrections is None:
        return "to_render" if recorded else ""
    if recorded.get("identity") != corrections.identity:
        return "to_render"
    return "to_unmute" if recorded["of_published"] and corrections.false_positives else "rendered"


def is_open(status: Status, corrections: Corrections | None, *, of_published: bool) -> bool:
    """Whether an output does not follow the reviewers' decisions yet.

    Args:
      of_published: Whether the published recording can only be muted further.
    """
    recorded = correction_of(status)
    if of_published:
        wanted = corrections is not None and bool(corrections.missed)
        return wanted and corrections is not None and recorded.get("identity") != corrections.identity
    if corrections is None:
        return bool(recorded)
    return recorded.get("identity") != corrections.identity or bool(recorded["of_published"])
