"""RestoreFindings: in the place of hearing and detecting, what was heard and detected before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

import apache_beam as beam

from hushbeam.schemas.correction import corrected_identity
from hushbeam.schemas.failure import Failure
from hushbeam.schemas.finding import Finding
from hushbeam.schemas.policies import broader
from hushbeam.schemas.stages import DetectedRecording, PendingRecording
from hushbeam.schemas.stored import Provenance, PublishedRecording, StoredRecording
from hushbeam.transforms.archive.findings_store import FindingsStore
from hushbeam.transforms.archive.reviews import Reviews
from hushbeam.transforms.base.each_recording import RecordingStage, each_recording
from hushbeam.transforms.base.sealed_files import SealedRoot
from hushbeam.transforms.correct_findings.restore import published_recordings
from hushbeam.transforms.detect_pii.detector import DetectionRequest, Detector
from hushbeam.transforms.detect_pii.settings import DetectionSettings
from hushbeam.transforms.restore_findings.changes import Changes
from hushbeam.transforms.skip_finished.transform import count_skipped, output_identity
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import SourceChangedError

Identify = Callable[[Provenance], Mapping[str, str]]
"""The identities that a job's outputs have where this heard and detected: of the models, and of the configuration."""

_LEAK_REACH_S = 0.6
"""Muted around what was heard in the redacted sound, which has no words: what verification mutes at its last try."""


class Restored(NamedTuple):
    """What there is to render, what is rendered so already, and what cannot be."""

    recordings: beam.PCollection[DetectedRecording]
    skipped: beam.PCollection[str]
    failures: beam.PCollection[Failure]


class RestoreFindings(beam.PTransform):
    """Gives every published recording of an output root as it was detected, for other policies if so asked.

    Only what is public is rendered again: a recording that was quarantined or erased has no status object. One whose
    source is not what was heard is a failure, and one that is not in the store. What has expired is not brought back,
    but with `force`.

    Args:
      identify: Gives the identities of what will be rendered.
      detection: Thresholds, terms and patterns; its models are not loaded.
      corrected: Only what reviewers decided otherwise than it is published.
    """

    def __init__(
        self,
        output: str,
        store: SealedRoot,
        identify: Identify,
        detection: DetectionSettings,
        changes: Changes,
        *,
        force: bool = False,
        corrected: bool = False,
    ) -> None:
        super().__init__("RestoreFindings")
        self._output = output
        self._corrected = corrected
        self._stage = _RestoreStage(output, store, identify, detection, changes, force=force)

    def expand(self, root: beam.pvalue.PBegin) -> Restored:
        restored, failures = (
            root
            | "Output root" >> beam.Create([self._output])
            | "What is public"
            >> beam.FlatMap(published_recordings, corrected=self._corrected).with_output_types(PublishedRecording)
            | "Each by itself" >> beam.Reshuffle()
            | each_recording(self._stage, DetectedRecording)
        )
        pending = restored | "Not up to date" >> beam.Filter(
            lambda recording: not recording.transcribed.pending.up_to_date
        )
        skipped = (
            restored
            | "Up to date" >> beam.Filter(lambda recording: recording.transcribed.pending.up_to_date)
            | "Their ids" >> beam.Map(_skip).with_output_types(str)
        )
        return Restored(pending, skipped, failures)


class _RestoreStage(RecordingStage[PublishedRecording, DetectedRecording]):
    name = "RestoreFindings"

    def __init__(
        self,
        output: str,
        store: SealedRoot,
        identify: Identify,
        detection: DetectionSettings,
        changes: Changes,
        *,
        force: bool,
    ) -> None:
        self._output = output
        self._store_settings = store
        self._identify = identify
        self._detection = detection
        self._changes = changes
        self._force = force

    def setup(self) -> None:
        self._store = FindingsStore(self._store_settings)
        self._reviews = Reviews(self._output)
        self._detector = Detector(self._detection)
        self._detector.load_without_models()

    def process(self, recording: PublishedRecording) -> DetectedRecording:
        stored = self._store.read(recording.recording_id)
        pending = self._pending(stored, recording)
        transcribed = replace(stored.transcribed, pending=pending)
        if pending.up_to_date:
            return DetectedRecording(transcribed, ())
        asked = pending.recording
        fresh = {one.recogniser: one for one in self._detector.report(transcribed.transcript)}
        reports = tuple(fresh.get(one.recogniser, one) for one in stored.reports)
        request = DetectionRequest(transcribed.transcript, asked.policies, asked.static_entities)
        found = self._detector.select(request, reports)
        leaks = tuple(_around(leak) for leak in stored.leaks if _is_asked(leak.policy, asked.policies))
        return DetectedRecording(transcribed, (*found, *leaks), reports)

    def _pending(self, stored: StoredRecording, published: PublishedRecording) -> PendingRecording:
        before = stored.transcribed.pending
        asked = self._changes.of(before.recording)
        source = files.stat(asked.audio_url)
        if source != before.source:
            raise SourceChangedError("the source was replaced since it was heard: do it again with hushbeam redact")
        identities = self._identify(stored.provenance)
        corrections = self._reviews.corrections_of(asked.recording_id)
        identity = corrected_identity(output_identity(asked, source, identities["configuration"]), corrections)
        up_to_date = (published.output_identity == identity or published.expired) and not self._force
        return PendingRecording(
            asked,
            source,
            identity,
            replaces=True,
            up_to_date=up_to_date,
            identities=identities,
            corrections=corrections,
        )


def _is_asked(policy: str, policies: tuple[str, ...]) -> bool:
    return not {policy, *broader(policy)}.isdisjoint(policies)


def _around(leak: Finding) -> Finding:
    return replace(leak, start_s=max(leak.start_s - _LEAK_REACH_S, 0.0), end_s=leak.end_s + _LEAK_REACH_S)


def _skip(recording: DetectedRecording) -> str:
    count_skipped()
    return recording.recording_id
