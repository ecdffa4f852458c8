"""The stages that `redact` and `rerender` share: from words to published recordings, tables and notifications."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import apache_beam as beam

from hushbeam.pipelines.running.job import Job, provenance_of
from hushbeam.schemas.delivery import Announcement, Delivery, Receiver
from hushbeam.schemas.failure import Failure
from hushbeam.schemas.recording import Recording
from hushbeam.schemas.stages import CommittedRecording, DetectedRecording, TranscribedRecording
from hushbeam.transforms.archive.tables.layout import SCHEMAS
from hushbeam.transforms.archive.tables.parquet import Row
from hushbeam.transforms.base.each_recording import Outcome
from hushbeam.transforms.close_run import CloseRun, RunOutcome
from hushbeam.transforms.commit import Commit, RecoverCommitted
from hushbeam.transforms.correct_findings import CorrectFindings
from hushbeam.transforms.detect_pii import DetectPII
from hushbeam.transforms.keep_unredacted import KeepUnredacted
from hushbeam.transforms.mute_audio import MuteAudio
from hushbeam.transforms.notify import NOBODY, NameReceivers, Notify, announcement_of
from hushbeam.transforms.redact_text import RedactText
from hushbeam.transforms.store_findings import StoreFindings
from hushbeam.transforms.table_formats import RegisterTables
from hushbeam.transforms.verify_audio import VerifyAudio
from hushbeam.transforms.write_tables import WriteTables


class Results(NamedTuple):
    """The pipeline's PCollections, for tests to attach their asserts to."""

    committed: beam.PCollection[CommittedRecording]
    failures: beam.PCollection[Failure]
    deliveries: beam.PCollection[Delivery]
    summary: beam.PCollection[str]
    skipped: beam.PCollection[str]


class RedactAndCommit(beam.PTransform):
    """From words to published outputs, in one fused chain, so that unredacted words never leave their worker."""

    def __init__(self, job: Job) -> None:
        super().__init__("RedactAndCommit")
        self._job = job

    def expand(self, transcribed: beam.PCollection[TranscribedRecording]) -> Outcome[CommittedRecording]:
        job, options = self._job, self._job.options
        detected, undetected = transcribed | DetectPII(
            job.rules.applied_to(options.detection),
            processes=options.detection.detection_processes,
            keep_reports=job.store is not None,
        )
        published, unpublished = detected | RenderAndCommit(job)
        return Outcome(published, (undetected, unpublished) | "Failures" >> beam.Flatten())


class RenderAndCommit(beam.PTransform):
    """The part of the chain after detection, the only part that `rerender` uses."""

    def __init__(self, job: Job) -> None:
        super().__init__("RenderAndCommit")
        self._job = job

    def expand(self, detected: beam.PCollection[DetectedRecording]) -> Outcome[CommittedRecording]:
        job, options = self._job, self._job.options
        corrected, uncorrected = detected | CorrectFindings()
        redacted, unredacted = corrected | RedactText(job.rules.substitutions, options.defaults.surrogate_key)
        muted, unmuted = redacted | MuteAudio(options.muting, options.decoding, job.sources)
        verified, leaking = muted | VerifyAudio(
            options.verification, options.recognition, options.muting, options.decoding
        )
        failures = [uncorrected, unredacted, unmuted, leaking]
        if job.store is not None:
            verified, unkept = verified | StoreFindings(job.store, provenance_of(options, job.identities))
            failures.append(unkept)
        if job.unredacted is not None:
            verified, unsealed = verified | KeepUnredacted(job.unredacted)
            failures.append(unsealed)
        published, unpublished = verified | Commit(
            job.output,
            job.run_id,
            job.identities,
            processed_at=job.processed_at,
            certificate_key=options.certificate_key,
            captions=options.captions,
            hold=job.hold,
        )
        return Outcome(published, (*failures, unpublished) | "Failures" >> beam.Flatten())


def finish(
    job: Job,
    published: beam.PCollection[CommittedRecording],
    *,
    failures: Sequence[beam.PCollection[Failure]],
    skipped: beam.PCollection[str],
    recordings: beam.PCollection[Recording],
    erased: Sequence[beam.PCollection[str]] = (),
    unredacted: Sequence[beam.PCollection[str]] = (),
    receiver: Receiver = NOBODY,
) -> Results:
    """The stages after publishing: notifications, tables, and the end of the run.

    Args:
      recordings: All recordings of the run. They name the receivers for recordings that a killed run published.
      erased: Ids of recordings that stay erased.
      unredacted: Ids of recordings that went to the unredacted output only.
      receiver: Of the notifications of published recordings that name none.
    """
    output, run_id = job.output, job.run_id
    recovered = published | RecoverCommitted(output, run_id, job.part)
    committed = (published, recovered) | "All committed" >> beam.Flatten().with_output_types(CommittedRecording)
    all_failures = (
        tuple(failures)
        | "All failures" >> beam.Flatten()
        | "Of this run" >> beam.Map(lambda failure: replace(failure, run_id=run_id)).with_output_types(Failure)
    )
    announcements = committed | "To announce" >> beam.Map(announcement_of, receiver).with_output_types(Announcement)
    announced, unnamed = (announcements, recordings) | NameReceivers(run_id)
    deliveries = (
        announced | Notify(job.options.notification.of_job(job.options.defaults.webhook_url), run_id),
        unnamed,
    ) | "Deliveries" >> beam.Flatten()

    rows = {
        "transcripts": committed | "Transcript rows" >> beam.Map(_transcript_row),
        "findings": committed | "Finding rows" >> beam.FlatMap(_finding_rows),
        "errors": all_failures | "Error rows" >> beam.Map(_error_row, job.processed_at),
        "notifications": deliveries | "Notification rows" >> beam.Map(_delivery_row, job.processed_at),
    }
    tables = rows | WriteTables(
        SCHEMAS, output, run_id, processed_at=job.processed_at, shards=job.shards, part=job.part
    )
    outcome = RunOutcome(
        committed, all_failures, deliveries, skipped, tables, tuple(erased), tuple(unredacted), recordings
    )
    summary = outcome | CloseRun(
        output, run_id, job.identities, certificate_key=job.options.certificate_key, hold=job.hold, part=job.part
    )
    registered = summary | RegisterTables(output, run_id, job.hold)
    return Results(committed, all_failures, deliveries, registered, skipped)


def _transcript_row(recording: CommittedRecording) -> Row:
    return recording.recording_id, recording.transcript_row


def _finding_rows(recording: CommittedRecording) -> list[Row]:
    return [(recording.recording_id, row) for row in recording.finding_rows]


def _error_row(failure: Failure, processed_at: str) -> Row:
    return failure.recording_id or "", json.dumps(failure.to_row(processed_at))


def _delivery_row(delivery: Delivery, processed_at: str) -> Row:
    return delivery.recording_id, json.dumps(delivery.to_row(processed_at))
