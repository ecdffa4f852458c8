"""RestorePublished: published recordings to mute further, instead of their sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import apache_beam as beam
from apache_beam.metrics import Metrics

from hushbeam.schemas.finding import FINDINGS_SCHEMA
from hushbeam.schemas.redacted import TRANSCRIPTS_SCHEMA
from hushbeam.schemas.stages import DetectedRecording
from hushbeam.schemas.stored import PublishedRecording
from hushbeam.transforms.archive.claims import Claim, claim_of
from hushbeam.transforms.archive.given_identity import asked_captions
from hushbeam.transforms.archive.ledger import EXPIRED, Status, list_statuses
from hushbeam.transforms.archive.reviews import Reviews, UnreadableReviewError
from hushbeam.transforms.archive.tables.read import ReadTable
from hushbeam.transforms.base.each_recording import METRICS_NAMESPACE, Outcome, RecordingStage, each_recording
from hushbeam.transforms.base.progress import FOUND, report
from hushbeam.transforms.correct_findings.further_muting import FurtherMuting
from hushbeam.transforms.correct_findings.state import is_open


class RestorePublished(beam.PTransform):
    """Gives the published recordings in which reviewers marked ranges to mute.

    Muting less needs the source and the store: see `hushbeam.transforms.restore_findings`.
    """

    def __init__(self, muting: FurtherMuting) -> None:
        super().__init__("RestorePublished")
        self._muting = muting

    def expand(self, root: beam.pvalue.PBegin) -> Outcome[DetectedRecording]:
        output = root | "Output root" >> beam.Create([self._muting.output])
        statuses = output | "To mute further" >> beam.FlatMap(_to_mute_further).with_output_types(tuple[str, str])
        rows = output | ReadTable("transcripts", TRANSCRIPTS_SCHEMA.names)
        findings = output | ReadTable("findings", FINDINGS_SCHEMA.names)
        wanted = beam.pvalue.AsDict(statuses)
        claims = (
            {
                "statuses": statuses,
                "rows": rows | "Their rows" >> beam.Filter(_is_wanted, wanted),
                "findings": findings | "Their findings" >> beam.Filter(_is_wanted, wanted),
            }
            | "By recording" >> beam.CoGroupByKey()
            | "Claims" >> beam.MapTuple(lambda key, joined: claim_of(key, **joined)).with_output_types(Claim)
        )
        return claims | each_recording(_RestoreStage(self._muting), DetectedRecording)


class _RestoreStage(RecordingStage[Claim, DetectedRecording]):
    name = "RestorePublished"

    def __init__(self, muting: FurtherMuting) -> None:
        self._muting = muting

    def setup(self) -> None:
        self._reviews = Reviews(self._muting.output)

    def process(self, recording: Claim) -> DetectedRecording:
        return self._muting.restore(recording, self._reviews.corrections_of(recording.recording_id))


def published_recordings(output: str, *, corrected: bool) -> Iterator[PublishedRecording]:
    """Recordings that have outputs.

    Args:
      corrected: Only those that do not follow the reviewers' decisions.
    """
    reviews = Reviews(output)
    for recording_id, status in list_statuses(output).items():
        if not corrected or is_to_correct(recording_id, status, reviews):
            _count_found()
            yield PublishedRecording(
                recording_id,
                status.output_identity,
                published_policies(status),
                asked_captions(status.certificate.get("configuration")),
                status.status == EXPIRED,
            )


def published_policies(status: Status) -> tuple[str, ...]:
    """The policies that a recording is redacted for; none if its certificate does not name them."""
    policies = status.certificate.get("policies")
    return tuple(policy for policy in policies if isinstance(policy, str)) if isinstance(policies, list) else ()


def is_to_correct(recording_id: str, status: Status, reviews: Reviews) -> bool:
    """Whether a recording that is rendered from its source does not follow the reviewers' decisions."""
    return _is_open(recording_id, status, reviews, of_published=False)


def _to_mute_further(output: str) -> Iterator[tuple[str, str]]:
    reviews = Reviews(output)
    for recording_id, status in list_statuses(output).items():
        if status.redacted_audio_url is not None and _is_open(recording_id, status, reviews, of_published=True):
            _count_found()
            yield recording_id, status.to_json().decode()


def _count_found() -> None:
    Metrics.counter(METRICS_NAMESPACE, FOUND).inc()
    report(FOUND)


def _is_open(recording_id: str, status: Status, reviews: Reviews, *, of_published: bool) -> bool:
    try:
        corrections = reviews.corrections_of(recording_id)
    except UnreadableReviewError:
        return True  # the stage reports it, as a failure of this recording alone
    return is_open(status, corrections, of_published=of_published)


def _is_wanted(row: tuple[str, str], statuses: Mapping[str, str]) -> bool:
    return row[0] in statuses
