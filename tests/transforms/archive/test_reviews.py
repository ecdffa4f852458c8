"""Reviews of several reviewers: what runs make of them, and where they disagree."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hushbeam.schemas.reviewer_name import is_reviewer_name
from hushbeam.transforms.archive.reviews import (
    Disagreement,
    NotedSpan,
    Review,
    Reviewed,
    ReviewError,
    Reviews,
    UnreadableReviewError,
    combined,
    disagreements,
    read_all_reviews,
    read_reviews,
    read_reviews_of,
    review_name,
    review_urls,
    write_review,
)
from tests.transforms.storage.beginning_run import BeginningRun

CARD = {"channel": 0, "start_s": 1.0, "end_s": 3.0}
NAME = {"channel": 0, "start_s": 5.0, "end_s": 6.0, "policy": "person_name"}


def span(of: dict[str, Any], **changes: Any) -> NotedSpan:
    return NotedSpan(**(of | changes))


def review(
    reviewer: str,
    missed: Sequence[NotedSpan] = (),
    false_positives: Sequence[NotedSpan] = (),
    *,
    recording_id: str = "call",
    after_s: int = 0,
    **about: Any,
) -> Review:
    reviewed: dict[str, Any] = {
        "recording_id": recording_id,
        "output_identity": "o",
        "samples": "s",
        "configuration_id": "c",
        "channels": 2,
        "mixed": False,
        "duration_s": 60.0,
        "words": 100,
        "found": (),
    }
    return Review(
        decision="corrected" if missed or false_positives else "confirmed",
        missed=tuple(missed),
        false_positives=tuple(false_positives),
        reviewer=reviewer,
        reviewed=Reviewed(**(reviewed | about)),
        reviewed_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=after_s),
    )


def test_what_one_reviewer_marked_is_muted_though_another_confirmed() -> None:
    both = combined([review("anna"), review("ben", [span(NAME)])])
    assert (both.decision, both.missed, both.reviewer) == ("corrected", (span(NAME),), "anna, ben")


def test_a_false_positive_is_restored_only_if_all_agree() -> None:
    anna, ben = review("anna", (), [span(CARD)]), review("ben")
    assert combined([anna, ben]).corrections is None
    assert combined([anna, review("ben", (), [span(CARD, start_s=1.004)])]).false_positives[0] == span(CARD)


def test_marks_of_two_reviewers_that_overlap_are_one() -> None:
    marks = combined([review("anna", [span(NAME)]), review("ben", [span(NAME, start_s=5.5, end_s=6.5)])]).missed
    assert marks == (span(NAME, end_s=6.5),)


def test_marks_of_different_policies_or_channels_stay_apart() -> None:
    others = [span(NAME, policy="date"), span(NAME, channel=1)]
    assert len(combined([review("anna", [span(NAME)]), review("ben", others)]).missed) == 3


def test_a_false_positive_that_was_restored_before_the_second_review_stays_restored() -> None:
    anna = review("anna", (), [span(CARD)])
    ben = review("ben", after_s=9, restored_for_others=(span(CARD),))
    assert combined([anna, ben]).false_positives == (span(CARD),)
    assert disagreements([anna, ben]) == ()
    taken_back = review("anna", after_s=20)
    assert combined([taken_back, ben]).corrections is None


def test_a_review_of_audio_that_was_replaced_does_not_count() -> None:
    old, new = review("anna", [span(NAME)], samples="before"), review("ben", after_s=9)
    assert combined([old, new]).corrections is None
    assert disagreements([old, new]) == ()


def test_what_reviewers_decided_differently_is_listed_in_time_order() -> None:
    anna = review("anna", [span(NAME)], [span(CARD)])
    ben = review("ben", [span(NAME, start_s=5.2), span(NAME, start_s=9, end_s=10, policy="date")])
    assert disagreements([anna, ben]) == (
        Disagreement("false_positive", 0, 1.0, 3.0, "", ("anna",)),
        Disagreement("missed", 0, 9.0, 10.0, "date", ("ben",)),
    )


def test_a_mark_that_was_muted_before_the_second_review_is_no_disagreement() -> None:
    anna = review("anna", [span(NAME)])
    assert disagreements([anna, review("ben", muted_for_others=(span(NAME),))]) == ()


def test_a_mark_that_is_taken_back_stays_muted_for_those_who_saw_it_muted() -> None:
    anna, ben = review("anna", after_s=20), review("ben", after_s=9, muted_for_others=(span(NAME),))
    assert combined([anna, ben]).missed == (span(NAME),)
    assert disagreements([anna, ben]) == (Disagreement("kept", 0, 5.0, 6.0, "person_name", ("ben",)),)
    assert combined([ben]).missed == (span(NAME),), "nor does it matter that the file of the other is gone"
    before = review("carl", after_s=1)
    assert combined([anna, before]).corrections is None, "it was not muted when he reviewed"


def test_a_mark_that_is_taken_back_is_restored_once_all_who_saw_it_muted_call_it_a_false_positive() -> None:
    anna = review("anna", after_s=20)
    ben = review("ben", (), [span(CARD, start_s=4.9, end_s=6.1)], after_s=30, muted_for_others=(span(NAME),))
    carl = review("carl", after_s=9, muted_for_others=(span(NAME),))
    assert combined([anna, ben]).missed == ()
    assert combined([anna, ben, carl]).missed == (span(NAME),)
    again = review("anna", [span(NAME)], after_s=40)
    assert combined([again, ben]).missed == (span(NAME),), "a mark of one is muted"


def test_a_mark_that_is_moved_wider_or_renamed_is_kept_once() -> None:
    wider = span(NAME, start_s=4.5, end_s=6.5, policy="date")
    both = [review("anna", [wider], after_s=20), review("ben", muted_for_others=(span(NAME),))]
    assert combined(both).missed == (wider,)
    narrower = span(NAME, start_s=5.5)
    both = [review("anna", [narrower], after_s=20), review("ben", muted_for_others=(span(NAME),))]
    assert combined(both).missed == (span(NAME),)


def test_reviews_of_two_people_are_both_kept(tmp_path: Path) -> None:
    for one in (review("anna", [span(NAME)]), review("ben", after_s=5), review("Zoë B.", after_s=9)):
        write_review(str(tmp_path), one)
    write_review(str(tmp_path), review("anna", [span(NAME, policy="date")], after_s=20))
    write_review(str(tmp_path), review("ben", recording_id="call.2"))
    kept = read_all_reviews(str(tmp_path))
    assert [one.reviewer for one in kept["call"]] == ["Zoë B.", "anna", "ben"]
    assert [mark.policy for mark in read_reviews(str(tmp_path))["call"].missed] == ["date"]
    assert len(read_reviews_of(str(tmp_path), "call")) == 3
    assert len(review_urls(str(tmp_path), ["call"])["call"]) == 3
    corrections = Reviews(str(tmp_path)).corrections_of("call")
    assert corrections is not None
    assert Reviews(str(tmp_path)).corrections_of("call.2") is None


def test_a_run_that_begins_while_a_review_is_saved_does_not_lose_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    BeginningRun(tmp_path, monkeypatch)
    write_review(str(tmp_path), review("anna", [span(NAME)]))
    assert [one.reviewer for one in read_reviews_of(str(tmp_path), "call")] == ["anna"]


def test_a_file_under_the_name_of_another_reviewer_is_refused(tmp_path: Path) -> None:
    write_review(str(tmp_path), review("anna", [span(NAME)]))
    folder = tmp_path / "reviews"
    (folder / "call@anna.json").rename(folder / review_name("call", "ben"))
    with pytest.raises(UnreadableReviewError, match="review of another"):
        Reviews(str(tmp_path)).corrections_of("call")


def test_a_new_review_replaces_one_that_cannot_be_read(tmp_path: Path) -> None:
    write_review(str(tmp_path), review("ben"))
    (tmp_path / "reviews" / review_name("call", "anna")).write_text("{")
    with pytest.raises(UnreadableReviewError):
        Reviews(str(tmp_path)).corrections_of("call")
    assert [one.reviewer for one in read_reviews_of(str(tmp_path), "call")] == ["ben"]
    write_review(str(tmp_path), review("anna", [span(NAME)]))
    assert Reviews(str(tmp_path)).corrections_of("call") is not None


@pytest.mark.parametrize("name", ["", " ", "anna ", "a\nb", "<b>", "a/b", "x" * 61])
def test_a_name_that_cannot_be_shown_or_kept_is_refused(name: str) -> None:
    assert not is_reviewer_name(name)
    with pytest.raises(ReviewError, match=r"^reviewer: a name of at most 60"):
        Review.from_request('{"decision": "confirmed"}', review("anna").reviewed, name)
