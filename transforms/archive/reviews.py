"""Reviews: decisions of reviewers in `reviews/ID.json`. They hold times and policies, and no values."""

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
    """The data that the page sent is not a review of this recording."""


class UnreadableReviewError(QuarantineError):
    """A review exists but cannot be read, so it is unknown what a person wanted muted."""


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
      configuration: Identity of the options and models that made the output.
      channels: Of the file.
      mixed: Whether the channels were transcribed as one.
      duration_s: Of the audio.
      words: Number of words in the transcript.
      found: Findings of the run. Of an output that was already corrected, the findings before the correction.
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
    """A stored review."""

    reviewed: Reviewed
    reviewed_at: datetime = Field(default_factory=lambda: datetime.now(UTC))

    @classmethod
    def from_request(cls, body: str, reviewed: Reviewed) -> Self:
        """A review from the data that the page sent.

        Raises:
          ReviewError: The data does not fit the recording. The message repeats nothing of the body.
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


def read_review(output: str, recording_id: str) -> Review | None:
    """The review of a recording, if there is one.

    Raises:
      UnreadableReviewError: The review is damaged.
    """
    try:
        content = files.read_bytes(review_url(output, recording_id))
    except MissingFileError:
        return None
    return review_in(json_name(recording_id), content)


def write_review(output: str, review: Review) -> None:
    """Writes a review, and replaces an earlier one of the same recording."""
    files.write_bytes(review_url(output, review.reviewed.recording_id), review.model_dump_json(indent=1).encode())


def read_reviews(output: str) -> dict[str, Review]:
    """All readable reviews by recording id. Runs quarantine recordings whose review is unreadable, and report why."""
    folder = join(output, FOLDER)
    contents = files.read_many([join(folder, name) for name in _names(output)])
    reviews: dict[str, Review] = {}
    for url, content in contents.items():
        with suppress(UnreadableReviewError):
            review = review_in(file_name(url), content)
            reviews[review.reviewed.recording_id] = review
    return reviews


def review_url(output: str, recording_id: str) -> str:
    """The location of a recording's review, whether it exists or not."""
    return join(output, FOLDER, json_name(recording_id))


class Reviews:
    """The reviews of an output root, for workers. One listing shows which recordings have a review to read."""

    def __init__(self, output: str) -> None:
        self._output = output
        self._names = frozenset(_names(output))

    def corrections_of(self, recording_id: str) -> Corrections | None:
        """The corrections of a recording; None if there are none.

        Raises:
          UnreadableReviewError: Its review cannot be read.
        """
        if json_name(recording_id) not in self._names:
            return None
        review = read_review(self._output, recording_id)
        return None if review is None else review.corrections


def _names(output: str) -> Sequence[str]:
    return [name for name in files.list_names(join(output, FOLDER)) if name.endswith(".json")]


def review_in(name: str, content: bytes) -> Review:
    """The review in a file of this name in `reviews/`.

    Raises:
      UnreadableReviewError: The file is not a review, or is another recording's.
    """
    try:
        review = Review.model_validate_json(content)
        review.require_fit(review.reviewed)
    except (ValidationError, ReviewError):
        raise UnreadableReviewError(
            "a file in reviews/ is not a review of this version: review the recording again, or delete the file"
        ) from None
    if json_name(review.reviewed.recording_id) != name:
        raise UnreadableReviewError(
            "a file in reviews/ is the review of another recording: review the recording again, or delete the file"
        )
    return review


def _marked(span: NotedSpan) -> MarkedSpan:
    return MarkedSpan(span.channel, round(span.start_s, 3), round(span.end_s, 3), span.policy)
