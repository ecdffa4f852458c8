"""How far an output follows the decisions of its reviewers, as the badges of the review page say it."""

from __future__ import annotations

from typing import Any

import pytest

from hushbeam.schemas.correction import Corrections, MarkedSpan
from hushbeam.schemas.spans import TimeSpan
from hushbeam.transforms.archive.ledger import Status
from hushbeam.transforms.correct_findings.state import is_open, state_of

MARK, OTHER = MarkedSpan(0, 1.0, 2.0, "date"), MarkedSpan(0, 5.0, 6.0, "date")
FALSE = TimeSpan(1, 3.0, 4.0)
BOTH = Corrections("samples", (MARK,), (FALSE,))


def followed(corrections: Corrections, *, of_published: bool, **recorded: Any) -> Status:
    known = {"identity": corrections.identity, "marks": corrections.identity_of_marks, "of_published": of_published}
    return Status("redacted_audio_ready", "card", None, "o", "r", {"corrections": known | recorded})


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (BOTH, "to_restore"),
        (Corrections("samples", (MARK,)), "rendered"),
        (Corrections("samples", (MARK, OTHER)), "to_mute"),
        (Corrections("samples", (OTHER,), (FALSE,)), "to_mute_and_restore"),
        (Corrections("other samples", (MARK,)), "to_mute"),
        (Corrections("samples", (), (FALSE,)), "to_restore"),
        (None, "to_restore"),
    ],
)
def test_marks_that_were_muted_stay_rendered_though_a_false_positive_is_no_longer_one(
    now: Corrections | None, state: str
) -> None:
    status = followed(BOTH, of_published=True)
    assert state_of(status, now) == state
    assert is_open(status, now, of_published=True) == state.startswith("to_mute")


def test_a_span_that_was_restored_is_muted_again_when_it_is_no_false_positive_any_more() -> None:
    status = followed(BOTH, of_published=False, false_positives=1)
    assert state_of(status, BOTH) == "rendered"
    assert state_of(status, Corrections("samples", (MARK,))) == "to_mute_and_restore"


def test_a_certificate_without_the_marks_identity_is_compared_by_all_corrections() -> None:
    status = followed(BOTH, of_published=True)
    del status.certificate["corrections"]["marks"]
    assert state_of(status, BOTH) == "to_restore"
    assert state_of(status, Corrections("samples", (MARK,))) == "to_mute"
