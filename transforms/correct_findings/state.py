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


State = Literal["", "to_mute", "to_mute_and_restore", "to_restore", "rendered"]
"""Of a review: nothing to do; marks to mute, false positives to restore, or both; rendered.

`hushbeam rerender --corrections` mutes marks, and restores false positives only with the store.
"""


def state_of(status: Status, corrections: Corrections | None) -> State:
    """How far an output follows the reviewers' decisions."""
    recorded = correction_of(status)
    if corrections is None:
        return "to_restore" if recorded else ""  # what was marked before is still muted
    restores = bool(corrections.false_positives)
    if is_open(status, corrections, of_published=True):
        return "to_mute_and_restore" if restores or _was_restored(recorded) else "to_mute"
    if recorded.get("of_published"):
        return "to_restore" if restores else "rendered"
    return "rendered" if recorded.get("identity") == corrections.identity else "to_restore"


def _was_restored(recorded: Mapping[str, Any]) -> bool:
    return bool(recorded) and not recorded["of_published"] and bool(recorded.get("false_positives"))


def is_open(status: Status, corrections: Corrections | None, *, of_published: bool) -> bool:
    """Whether an output does not follow the reviewers' decisions yet.

    Args:
      of_published: Whether the published recording can only be muted further.
    """
    recorded = correction_of(status)
    if of_published:
        if corrections is None or not corrections.missed:
            return False
        # False positives changed nothing there, so it does not matter that they were listed, or are no longer.
        if recorded.get("of_published") and "marks" in recorded:
            return bool(recorded["marks"] != corrections.identity_of_marks)
        return recorded.get("identity") != corrections.identity
    if corrections is None:
        return bool(recorded)
    return recorded.get("identity") != corrections.identity or bool(recorded["of_published"])
