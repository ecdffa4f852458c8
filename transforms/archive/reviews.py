"""What reviewers decided: `reviews/ID.json` under the output root. Times and policies, no values."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hushbeam.schemas.correction import Corrections, MarkedSpan, lies_within
from hushbeam.schemas.errors import QuarantineError
from hushbeam.schemas.policies import CATALOGUE
from hushbeam.schemas.spans import TimeSpan
from hushbeam.transforms.archive.published_files import json_name
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import MissingFileError
from hushbeam.transforms.storage.urls import file_name, join

FOLDER = "reviews"
Decision = Literal["confirmed", "corrected"]


class ReviewError(ValueError):
    """What the page sent is no review of this recording."""


class UnreadableReviewError(QuarantineError):
    """There is a review, and it cannot be read: what a person wanted muted is not known."""


class NotedSpan(BaseModel):
    """A stretch of one channel of the file that should be muted, or should not have been."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: int = Field(ge=0)
    start_s: float = Field(ge=0, allow_inf_nan=False)
    end_s: float = Field(gt=0, allow_inf_nan=False)
    policy: str = ""


class ShownFinding(BaseModel):
    """A finding of the run, as the reviewer had it before them.

    Attributes:
      channel: As it was heard: 0 for all channels of a mix.
      words: How many words of the transcript it redacted.
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
    """What was reviewed: taken from the output root, not from the page.

    Attributes:
      recording_id, output_identity: What was listened to: a later run may have put another output in its place.
      samples: Checksum of the source's decoded samples.
      configuration: Identity of the options and models that made the output.
      channels: Of the file.
      mixed: Whether the channels were heard as one.
      duration_s: Of the sound.
      words: How many words the transcript has.
      found: What the run had found. Of an output that was corrected before, what had been found then.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    recording_id: str
    output_identity: str
    samples: str
    configuration: str
    channels: int
    mixed: bool
    duration_s: float
    words: int
    found: tuple[ShownFinding, ...]


class Decided(BaseModel):
    """What the page sends.

    Attributes:
      decision: `confirmed` where nothing was wrong.
      missed: What can be heard and should not be, each with its policy.
      false_positives: What is muted and need not be.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    decision: Decision
    missed: tuple[NotedSpan, ...] = ()
    false_positives: tuple[NotedSpan, ...] = ()

    def require_fit(self, reviewed: Reviewed) -> None:
        """Returns where the decision can be one about this recording.

        Raises:
          ReviewError: A span lies outside of it, or the decision contradicts itself.
        """
        for span in (*self.missed, *self.false_positives):
            if not lies_within(span, reviewed.channels, reviewed.duration_s):
                raise ReviewError("a span lies outside the recording")
        if any(span.policy not in CATALOGUE for span in self.missed):
            raise ReviewError("missed: each span needs a policy of the catalogue")
        if (self.decision == "confirmed") == bool(self.missed or self.false_positives):
            raise ReviewError("decision: `corrected` where there are spans, `confirmed` where there are none")


class Review(Decided):
    """One review, as it is kept."""

    reviewed: Reviewed
    reviewed_at: datetime = Field(default_factory=lambda: datetime.now(UTC))

    @classmethod
    def from_request(cls, body: str, reviewed: Reviewed) -> Self:
        """Checks what the page sent.

        Raises:
          ReviewError: It does not fit the recording. The message holds nothing of the body.
        """
        try:
            decided = Decided.model_validate_json(body)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False, include_context=False)[0]
            raise ReviewError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
        decided.require_fit(reviewed)
        return cls(**dict(decided), reviewed=reviewed)

    @property
    def corrections(self) -> Corrections | None:
        """What a run has to do about it: nothing where all was confirmed."""
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


def read_review(output: str, recording_id: str) -> Review | None:
    """The review of a recording, if there is one.

    Raises:
      UnreadableReviewError: It is something else.
    """
    try:
        content = files.read_bytes(review_url(output, recording_id))
    except MissingFileError:
        return None
    return review_in(json_name(recording_id), content)


def write_review(output: str, review: Review) -> None:
    """Keeps a review, in the place of an earlier one of the same recording."""
    files.write_bytes(review_url(output, review.reviewed.recording_id), review.model_dump_json(indent=1).encode())


def read_reviews(output: str) -> dict[str, Review]:
    """All reviews, by recording, but those that cannot be read: runs quarantine their recordings, and say why."""
    folder = join(output, FOLDER)
    contents = files.read_many([join(folder, name) for name in _names(output)])
    reviews: dict[str, Review] = {}
    for url, content in contents.items():
        with suppress(UnreadableReviewError):
            review = review_in(file_name(url), content)
            reviews[review.reviewed.recording_id] = review
    return reviews


def review_url(output: str, recording_id: str) -> str:
    """Where the review of a recording is, or would be."""
    return join(output, FOLDER, json_name(recording_id))


class Reviews:
    """The reviews of an output root, for workers: one listing tells which recordings need not be asked for."""

    def __init__(self, output: str) -> None:
        self._output = output
        self._names = frozenset(_names(output))

    def corrections_of(self, recording_id: str) -> Corrections | None:
        """What reviewers decided about a recording.

        Raises:
          UnreadableReviewError: It cannot be told.
        """
        if json_name(recording_id) not in self._names:
            return None
        review = read_review(self._output, recording_id)
        return None if review is None else review.corrections


def _names(output: str) -> Sequence[str]:
    return [name for name in files.list_names(join(output, FOLDER)) if name.endswith(".json")]


def review_in(name: str, content: bytes) -> Review:
    """The review in a file of `reviews/` of this name.

    Raises:
      UnreadableReviewError: It is none, or another recording's.
    """
    try:
        review = Review.model_validate_json(content)
        review.require_fit(review.reviewed)
    except (ValidationError, ReviewError):
        raise UnreadableReviewError(
            "a file in reviews/ is no review of this version: review the recording again, or delete the file"
        ) from None
    if json_name(review.reviewed.recording_id) != name:
        raise UnreadableReviewError(
            "a file in reviews/ is the review of another recording: review the recording again, or delete the file"
        )
    return review


def _marked(span: NotedSpan) -> MarkedSpan:
    return MarkedSpan(span.channel, round(span.start_s, 3), round(span.end_s, 3), span.policy)
