"""Reviews: decisions of reviewers in `reviews/ID@REVIEWER.json`. They hold times and policies, and no values.

Each reviewer has a file of their own, so that nobody overwrites another's decision. Where they disagree, runs mute:
what one of them marked is muted, and a false positive is restored only if all of them agree. A mark that is taken back
stays muted for those who reviewed the recording while it was muted, until they call it a false positive.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hushbeam.schemas.correction import Corrections, MarkedSpan, is_false_positive, lies_within
from hushbeam.schemas.errors import QuarantineError
from hushbeam.schemas.policies import CATALOGUE
from hushbeam.schemas.reviewer_name import EXPECTED, ReviewerName, is_reviewer_name
from hushbeam.schemas.spans import Place, TimeSpan, merged
from hushbeam.transforms.archive.published_files import json_name
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.urls import file_name, join, safe_name

FOLDER = "reviews"
Decision = Literal["confirmed", "corrected"]
Kind = Literal["missed", "kept", "false_positive"]

_SEPARATOR = "@"
"""`safe_name` has none."""
_SAME_S = 0.01
"""Players and pages round times."""


class ReviewError(ValueError):
    """The data that the page sent is not a review of this recording."""


class UnreadableReviewError(QuarantineError):
    """A review exists but cannot be read, so it is unknown what a person wanted muted."""

    remedy = "Review the recording again, or delete its file in `reviews/`."


class NotedSpan(BaseModel):
    """A time range of one channel of the file that should be muted, or should not have been."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: int = Field(ge=0)
    start_s: float = Field(ge=0, allow_inf_nan=False)
    end_s: float = Field(gt=0, allow_inf_nan=False)
    policy: str = ""


class ShownFinding(BaseModel):
    """A finding of the run, as the reviewer saw it.

    Attributes:
      channel: As transcribed: 0 for all channels of a mix.
      words: Number of words of the transcript that it redacted.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    policy: str
    channel: int
    start_s: float
    end_s: float
    score: float
    detector: str
    words: int = 0


class Reviewed(BaseModel):
    """The reviewed output, from the output root and not from the page.

    Attributes:
      recording_id, output_identity: Of the output; a later run may have replaced it.
      samples: Checksum of the source's decoded samples.
      configuration_id: Identity of the options and models that made the output.
      channels: Of the file.
      mixed: Whether the channels were transcribed as one.
      duration_s: Of the audio.
      words: Number of words in the transcript.
      policies: Those that the recording requested; None in reviews from before they were noted.
      found: Findings of the run. Of an output that was already corrected, the findings before the correction.
      muted_for_others: Spans that others had marked before, and that were muted when it was reviewed.
      restored_for_others: False positives of others that were already restored when it was reviewed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    recording_id: str
    output_identity: str
    samples: str
    configuration_id: str
    channels: int
    mixed: bool
    duration_s: float
    words: int
    policies: tuple[str, ...] | None = None
    found: tuple[ShownFinding, ...]
    muted_for_others: tuple[NotedSpan, ...] = ()
    restored_for_others: tuple[NotedSpan, ...] = ()


class Decided(BaseModel):
    """The decision that the page sends.

    Attributes:
      decision: `confirmed` if nothing was wrong.
      missed: Ranges that can be heard and should be muted, each with its policy.
      false_positives: Ranges that are muted and need not be.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    decision: Decision
    missed: tuple[NotedSpan, ...] = ()
    false_positives: tuple[NotedSpan, ...] = ()

    def require_fit(self, reviewed: Reviewed) -> None:
        """Checks that the decision fits this recording.

        Raises:
          ReviewError: A span lies outside of the recording, or the decision contradicts itself.
        """
        for span in (*self.missed, *self.false_positives):
            if not lies_within(span, reviewed.channels, reviewed.duration_s):
                raise ReviewError("a span lies outside the recording")
        if any(span.policy not in CATALOGUE for span in self.missed):
            raise ReviewError("missed: each span needs a policy of the catalogue")
        if (self.decision == "confirmed") == bool(self.missed or self.false_positives):
            raise ReviewError("decision: `corrected` needs spans, and `confirmed` must have none")


class Review(Decided):
    """A stored review.

    Attributes:
      reviewer: Who decided; the names of all, for a review that combines those of several reviewers.
    """

    reviewer: str
    reviewed: Reviewed
    reviewed_at: datetime = Field(default_factory=lambda: datetime.now(UTC))

    @classmethod
    def from_request(cls, body: str, reviewed: Reviewed, reviewer: str) -> Self:
        """A review from the data that the page sent.

        Raises:
          ReviewError: The data does not fit the recording. The message repeats nothing of the body.
        """
        if not is_reviewer_name(reviewer):
            raise ReviewError(f"reviewer: {EXPECTED}")
        try:
            decided = Decided.model_validate_json(body)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False, include_context=False)[0]
            raise ReviewError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
        decided.require_fit(reviewed)
        return cls(**dict(decided), reviewer=reviewer, reviewed=reviewed)

    @property
    def corrections(self) -> Corrections | None:
        """The corrections that runs apply; None if everything was confirmed."""
        if self.decision == "confirmed":
            return None
        missed = {_marked(span) for span in self.missed}
        false_positives = {
            TimeSpan(span.channel, round(span.start_s, 3), round(span.end_s, 3)) for span in self.false_positives
        }
        return Corrections(
            self.reviewed.samples,
            tuple(sorted(missed, key=lambda span: (span.channel, span.start_s, span.end_s, span.policy))),
            tuple(sorted(false_positives, key=lambda span: (span.channel, span.start_s, span.end_s))),
        )


class _StoredReview(Review):
    """A review as one reviewer's file has it."""

    reviewer: ReviewerName


@dataclass(frozen=True)
class Disagreement:
    """A span that some reviewers of a recording decided differently from the others.

    Attributes:
      kind: `missed` if only some marked it; `kept` if nobody marks it any more, but it was muted when some reviewed the
        recording; `false_positive` if only some would restore it.
      reviewers: Those who marked it, for whom it stays muted, or who would restore it.
    """

    kind: Kind
    channel: int
    start_s: float
    end_s: float
    policy: str
    reviewers: tuple[str, ...]


def combined(reviews: Iterable[Review]) -> Review:
    """One review of a recording from those of all of its reviewers, for runs and figures.

    What one of them marked is muted, and what one of them left muted for others. A false positive is restored only if
    each other reviewer also lists it, or reviewed an output in which it was restored. Reviews of other audio than the
    newest review's do not count: the source was replaced.

    Args:
      reviews: At least one, all of the same recording.
    """
    current = _of_the_newest_audio(reviews)
    newest, kept = current[-1], _kept(current)
    if len(current) == 1 and not kept:
        return newest
    missed = _united((*(span for review in current for span in review.missed), *kept))
    listed = dict.fromkeys(span for review in current for span in review.false_positives)
    false_positives = tuple(span for span in listed if all(_agrees(review, span) for review in current))
    return Review(
        decision="corrected" if missed or false_positives else "confirmed",
        missed=missed,
        false_positives=false_positives,
        reviewer=", ".join(review.reviewer for review in sorted(current, key=lambda review: review.reviewer)),
        reviewed=newest.reviewed,
        reviewed_at=newest.reviewed_at,
    )


def disagreements(reviews: Iterable[Review]) -> tuple[Disagreement, ...]:
    """What the reviewers of a recording decided differently, in time order."""
    current = _of_the_newest_audio(reviews)
    found: list[Disagreement] = []
    for span in _united(mark for review in current for mark in review.missed):
        by = [review for review in current if any(_overlap(span, mark) for mark in review.missed)]
        if any(not any(_overlap(span, one) for one in _muted_for(review)) for review in current):
            found.append(_disagreement("missed", span, by))
    for span in _kept(current):
        found.append(_disagreement("kept", span, [review for review in current if span in _left_muted(review)]))
    for span in dict.fromkeys(span for review in current for span in review.false_positives):
        if not all(_agrees(review, span) for review in current):
            by = [review for review in current if any(is_same(span, other) for other in review.false_positives)]
            found.append(_disagreement("false_positive", span, by))
    return tuple(sorted(set(found), key=lambda one: (one.start_s, one.channel, one.kind, one.policy)))


def _of_the_newest_audio(reviews: Iterable[Review]) -> Sequence[Review]:
    in_order = sorted(reviews, key=lambda review: (review.reviewed_at, review.reviewer))
    samples = in_order[-1].reviewed.samples
    return [review for review in in_order if review.reviewed.samples == samples]


def _united(marks: Iterable[NotedSpan]) -> tuple[NotedSpan, ...]:
    """Marks, with those joined that overlap in a channel under a policy: no two people mark the same milliseconds."""
    in_order = sorted(marks, key=lambda mark: (mark.channel, mark.policy))
    return tuple(
        NotedSpan(channel=channel, start_s=start_s, end_s=end_s, policy=policy)
        for (channel, policy), own in groupby(in_order, key=lambda mark: (mark.channel, mark.policy))
        for start_s, end_s in merged((mark.start_s, mark.end_s) for mark in own)
    )


def _kept(reviews: Sequence[Review]) -> tuple[NotedSpan, ...]:
    """Marks that nobody has any more, and that some reviewer left muted."""
    marked = [mark for review in reviews for mark in review.missed]
    left = dict.fromkeys(span for review in reviews for span in _left_muted(review))
    return tuple(span for span in left if not any(_covers(mark, span) for mark in marked))


def _left_muted(review: Review) -> tuple[NotedSpan, ...]:
    """Marks of others that were muted when it was reviewed, and that the reviewer did not call false positives."""
    return tuple(
        span for span in review.reviewed.muted_for_others if not is_false_positive(span, review.false_positives)
    )


def _covers(mark: Place, span: Place) -> bool:
    return (
        mark.channel == span.channel and mark.start_s <= span.start_s + _SAME_S and mark.end_s >= span.end_s - _SAME_S
    )


def _agrees(review: Review, span: NotedSpan) -> bool:
    return any(is_same(span, one) for one in (*review.false_positives, *review.reviewed.restored_for_others))


def _muted_for(review: Review) -> Sequence[NotedSpan]:
    return (*review.missed, *review.reviewed.muted_for_others)


def _overlap(one: Place, other: Place) -> bool:
    return one.channel == other.channel and min(one.end_s, other.end_s) > max(one.start_s, other.start_s)


def is_same(one: Place, other: Place) -> bool:
    """Whether two spans are one, up to rounding."""
    return (
        one.channel == other.channel
        and abs(one.start_s - other.start_s) <= _SAME_S
        and abs(one.end_s - other.end_s) <= _SAME_S
    )


def _disagreement(kind: Kind, span: NotedSpan, by: Sequence[Review]) -> Disagreement:
    names = tuple(sorted(review.reviewer for review in by))
    return Disagreement(kind, span.channel, round(span.start_s, 3), round(span.end_s, 3), span.policy, names)


def read_reviews_of(output: str, recording_id: str) -> tuple[Review, ...]:
    """The readable reviews of a recording by all of its reviewers. A new review replaces one that is not readable."""
    names = _names(output).get(safe_name(recording_id), ())
    return _readable(output, names).get(recording_id, ())


def write_review(output: str, review: Review) -> None:
    """Writes a review, and replaces an earlier one of the same recording by the same reviewer."""
    name = review_name(review.reviewed.recording_id, review.reviewer)
    content = review.model_dump_json(indent=1).encode()
    files.undisturbed(lambda: files.write_bytes(join(output, FOLDER, name), content))


def read_all_reviews(output: str) -> dict[str, tuple[Review, ...]]:
    """All readable reviews by recording id: one for each reviewer, in the order of their names.

    Runs quarantine recordings that have an unreadable review, and report why.
    """
    return _readable(output, [name for own in _names(output).values() for name in own])


def read_reviews(output: str) -> dict[str, Review]:
    """What the reviewers of each recording decided together, by recording id."""
    return {recording_id: combined(reviews) for recording_id, reviews in read_all_reviews(output).items()}


def review_name(recording_id: str, reviewer: str) -> str:
    """The name of the file of a reviewer's review of a recording."""
    return f"{safe_name(recording_id)}{_SEPARATOR}{json_name(reviewer)}"


def recording_of(name: str) -> str:
    """The part of such a name that stands for the recording, as `safe_name` makes it."""
    return name.partition(_SEPARATOR)[0]


def review_urls(output: str, recording_ids: Collection[str]) -> dict[str, list[str]]:
    """The locations of the reviews of some recordings, by recording id."""
    names = _names(output)
    return {
        recording_id: [join(output, FOLDER, name) for name in names.get(safe_name(recording_id), ())]
        for recording_id in recording_ids
    }


class Reviews:
    """The reviews of an output root, for workers. One listing shows which recordings have reviews to read."""

    def __init__(self, output: str) -> None:
        self._output = output
        self._names = _names(output)

    def corrections_of(self, recording_id: str) -> Corrections | None:
        """The corrections of a recording; None if there are none.

        Raises:
          UnreadableReviewError: One of its reviews cannot be read.
        """
        reviews = _read(self._output, self._names.get(safe_name(recording_id), ()))
        return combined(reviews).corrections if reviews else None


def _readable(output: str, names: Collection[str]) -> dict[str, tuple[Review, ...]]:
    reviews: defaultdict[str, tuple[Review, ...]] = defaultdict(tuple)
    for url, content in files.read_many([join(output, FOLDER, name) for name in names]).items():
        with suppress(UnreadableReviewError):
            review = review_in(file_name(url), content)
            reviews[review.reviewed.recording_id] += (review,)
    return {one: tuple(sorted(own, key=lambda review: review.reviewer)) for one, own in reviews.items()}


def _read(output: str, names: Collection[str]) -> tuple[Review, ...]:
    contents = files.read_many([join(output, FOLDER, name) for name in names])
    return tuple(review_in(file_name(url), content) for url, content in contents.items())


def _names(output: str) -> Mapping[str, Sequence[str]]:
    """The names of the files of reviews, by their recording."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    for name in files.list_names(join(output, FOLDER)):
        if name.endswith(".json"):
            names[recording_of(name)].append(name)
    return dict(names)


def review_in(name: str, content: bytes) -> Review:
    """The review in a file of this name in `reviews/`.

    Raises:
      UnreadableReviewError: The file is not a review, or is another recording's or reviewer's.
    """
    try:
        review = _StoredReview.model_validate_json(content)
        review.require_fit(review.reviewed)
    except (ValidationError, ReviewError):
        raise UnreadableReviewError(
            "a file in reviews/ is not a review of this version: review the recording again, or delete the file"
        ) from None
    if review_name(review.reviewed.recording_id, review.reviewer) != name:
        raise UnreadableReviewError(
            "a file in reviews/ is the review of another recording or reviewer: review the recording again, or delete "
            "the file"
        )
    return review


def _marked(span: NotedSpan) -> MarkedSpan:
    return MarkedSpan(span.channel, round(span.start_s, 3), round(span.end_s, 3), span.policy)
