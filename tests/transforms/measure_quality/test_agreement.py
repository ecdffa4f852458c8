"""Agreement of two reviewers, counted by hand."""

from __future__ import annotations

from typing import Any

import pytest

from hushbeam.schemas.finding import FLAGGED
from hushbeam.transforms.archive.reviews import NotedSpan, Review, Reviewed, ShownFinding
from hushbeam.transforms.measure_quality.agreement import Counts, agreements


def finding(start_s: float, *, detector: str = "model") -> ShownFinding:
    return ShownFinding(
        policy="date", channel=0, start_s=start_s, end_s=start_s + 1, score=0.9, detector=detector, words=1
    )


def span(start_s: float, end_s: float, *, channel: int = 0, policy: str = "") -> NotedSpan:
    return NotedSpan(channel=channel, start_s=start_s, end_s=end_s, policy=policy)


def review(
    reviewer: str,
    *found: ShownFinding,
    wrong: tuple[float, ...] = (),
    missed: tuple[NotedSpan, ...] = (),
    output: str = "o",
    **reviewed: Any,
) -> Review:
    false_positives = tuple(span(start_s, start_s + 1) for start_s in wrong)
    shown = Reviewed(
        **{
            "recording_id": "call",
            "output_identity": output,
            "samples": "s",
            "configuration_id": "c",
            "channels": 2,
            "mixed": False,
            "duration_s": 60.0,
            "words": 100,
            "found": found,
            **reviewed,
        }
    )
    decision = "corrected" if false_positives or missed else "confirmed"
    return Review(decision=decision, reviewer=reviewer, reviewed=shown, false_positives=false_positives, missed=missed)


def test_kappa_is_agreement_beyond_chance() -> None:
    """Cohen's own arithmetic: 20 yes, 15 no, 5 and 10 apart of 50 gives 0.4."""
    assert Counts(20, 15, 5, 10).kappa == pytest.approx(0.4)
    assert Counts(5, 5, 0, 0).kappa == 1.0
    assert Counts(0, 0, 5, 5).kappa == -1.0
    assert Counts(7, 0, 0, 0).kappa is None, "both said yes to everything: chance alone explains it"
    assert Counts().kappa is None


def test_positive_agreement_counts_what_each_named() -> None:
    assert Counts(3, 0, 1, 1).positive_agreement == pytest.approx(6 / 8)
    assert Counts(0, 9, 0, 0).positive_agreement is None


def test_findings_and_marks_of_two_reviewers_are_compared() -> None:
    found = (finding(1), finding(5), finding(9), finding(13), finding(17, detector=FLAGGED))
    marked = span(30, 31, policy="date")
    ann = review("Ann", *found, wrong=(5.0, 9.0), missed=(marked, span(40, 41, policy="date")))
    bo = review("Bo", *found, wrong=(5.0,), missed=(span(30.2, 31.2, channel=1, policy="person_name"),))
    (agreement,) = agreements({"call": (bo, ann)})
    assert (agreement.reviewers, agreement.recordings) == (("Ann", "Bo"), 1)
    assert agreement.findings == Counts(both=2, neither=1, only_first=0, only_second=1)
    assert agreement.marks == Counts(both=1, only_first=1)
    assert agreement.to_json()["marks"]["positive_agreement"] == pytest.approx(0.6667)


def test_one_mark_agrees_with_one_mark() -> None:
    long, first, second = (span(*times, policy="date") for times in ((10, 20), (10, 14), (15, 20)))
    (agreement,) = agreements({"call": (review("Ann", missed=(long,)), review("Bo", missed=(first, second)))})
    assert agreement.marks == Counts(both=1, only_second=1)


def test_reviews_of_different_outputs_and_of_one_person_are_not_compared() -> None:
    of_two_outputs = (review("Ann", finding(1)), review("Bo", finding(1), output="later"))
    of_other_findings = (review("Ann", finding(1)), review("Bo", finding(2)))
    assert agreements({"a": of_two_outputs, "b": of_other_findings, "c": (review("Ann"),)}) == ()


def test_every_two_reviewers_are_compared_over_all_recordings() -> None:
    three = tuple(review(name, finding(1)) for name in ("Ann", "Bo", "Cy"))
    found = agreements({"a": three, "b": three[:2]})
    assert [(one.reviewers, one.recordings) for one in found] == [
        (("Ann", "Bo"), 2),
        (("Ann", "Cy"), 1),
        (("Bo", "Cy"), 1),
    ]
