"""RestoreFindings: transcripts and findings from the encrypted store, instead of transcribing and detecting again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple

import apache_beam as beam

from hushbeam.schemas.correction import corrected_identity
from hushbeam.schemas.failure import Failure
from hushbeam.schemas.finding import Finding
from hushbeam.schemas.media import SourceIdentity
from hushbeam.schemas.policies import AUDIO_POLICIES, broader
from hushbeam.schemas.recording import Recording
from hushbeam.schemas.stages import DetectedRecording, PendingRecording
from hushbeam.schemas.stored import Provenance, PublishedRecording, StoredRecording
from hushbeam.transforms.archive.findings_store import FindingsStore
from hushbeam.transforms.archive.given_identity import configuration_of
from hushbeam.transforms.archive.reviews import Reviews
from hushbeam.transforms.base.each_recording import RecordingStage, each_recording
from hushbeam.transforms.base.sealed_files import SealedRoot
from hushbeam.transforms.correct_findings.restore_published import published_recordings
from hushbeam.transforms.detect_pii.detector import DetectionRequest, Detector
from hushbeam.transforms.detect_pii.settings import DetectionSettings
from hushbeam.transforms.restore_findings.fewer_policies import check_policies
from hushbeam.transforms.skip_finished.output_identity import output_identity
from hushbeam.transforms.skip_finished.transform import count_skipped
from hushbeam.transforms.sources.read import Sources
from hushbeam.transforms.storage.errors import AccessDeniedError, SourceChangedError
from hushbeam.transforms.storage.urls import is_web

Identify = Callable[[Provenance, bool | None], Mapping[str, str]]
"""The identities of a job's outputs, of models and configuration, given how words and candidates were found, and
whether captions were asked for."""

_UNASKED = frozenset({*AUDIO_POLICIES, "custom"})
_LEAK_REACH_S = 0.6
"""Muted around a leak, which has no words: as much as verification mutes at its last try."""


class Restored(NamedTuple):
    """Recordings to render, ids of those that are up to date, and failures."""

    recordings: beam.PCollection[DetectedRecording]
    skipped: beam.PCollection[str]
    failures: beam.PCollection[Failure]


@dataclass(frozen=True)
class Changes:
    """The fields of `Recording` that rendering may change; None keeps each recording's own."""

    policies: tuple[str, ...] | None = None
    substitution: str | None = None
    redact_audio: bool | None = None
    audio_quality: str | None = None
    muting: str | None = None
    return_no_speech_audio: bool | None = None

    def of(self, recording: Recording) -> Recording:
        """The request with these changes."""
        return replace(recording, **{name: value for name, value in asdict(self).items() if value is not None})


@dataclass(frozen=True)
class Rendering:
    """How published recordings are rendered again. Pickled with the pipeline.

    Attributes:
      output: Normalised root.
      store: Encrypted words and candidates, with the references of its keys.
      identify: Gives the identities of the new outputs.
      settings_of: Gives the settings with which findings are selected, given how they were found.
      changes: What is asked for instead of each recording's own request.
      force: Render also what is up to date, and publish expired audio again.
      allow_fewer_policies: Render also what would be redacted for fewer policies than it is now.
      sources: Looks up and reads the sources.
    """

    output: str
    store: SealedRoot
    identify: Identify
    settings_of: Callable[[Provenance], DetectionSettings]
    changes: Changes
    force: bool
    allow_fewer_policies: bool
    sources: Sources


class RestoreFindings(beam.PTransform):
    """Reads the words and candidates of every published recording from the store, and selects findings anew.

    Only published recordings are rendered again: one that was quarantined or erased has no status object. A recording
    fails if its source is not the one that was transcribed, or if it is not in the store.

    Args:
      corrected: Only recordings whose output does not follow from the reviewers' decisions.
    """

    def __init__(self, rendering: Rendering, *, corrected: bool) -> None:
        super().__init__("RestoreFindings")
        self._rendering = rendering
        self._corrected = corrected

    def expand(self, root: beam.pvalue.PBegin) -> Restored:
        restored, failures = (
            root
            | "Output root" >> beam.Create([self._rendering.output])
            | "What is public"
            >> beam.FlatMap(published_recordings, corrected=self._corrected).with_output_types(PublishedRecording)
            | "Each by itself" >> beam.Reshuffle()
            | each_recording(_RestoreStage(self._rendering), DetectedRecording)
        )
        pending = restored | "Not up to date" >> beam.Filter(lambda recording: not recording.pending.up_to_date)
        skipped = (
            restored
            | "Up to date" >> beam.Filter(lambda recording: recording.pending.up_to_date)
            | "Their ids" >> beam.Map(_skip).with_output_types(str)
        )
        return Restored(pending, skipped, failures)


class _RestoreStage(RecordingStage[PublishedRecording, DetectedRecording]):
    name = "RestoreFindings"

    def __init__(self, rendering: Rendering) -> None:
        self._rendering = rendering

    def setup(self) -> None:
        self._store = FindingsStore(self._rendering.store)
        self._reviews = Reviews(self._rendering.output)
        self._detectors: dict[str, Detector] = {}

    def process(self, recording: PublishedRecording) -> DetectedRecording:
        stored = self._store.read(recording.recording_id)
        pending = self._pending(stored, recording)
        transcribed = replace(stored.transcribed, pending=pending)
        if pending.up_to_date:
            return DetectedRecording(transcribed, ())
        asked = pending.recording
        if not self._rendering.allow_fewer_policies:
            check_policies(recording.policies, asked.policies)
        detector = self._detector(stored.provenance)
        fresh = {one.recogniser: one for one in detector.report(transcribed.transcript)}
        reports = tuple(fresh.get(one.recogniser, one) for one in stored.reports)
        request = DetectionRequest(transcribed.transcript, asked.policies, asked.static_entities)
        found = detector.select(request, reports)
        leaks = tuple(_around(leak) for leak in stored.leaks if _is_asked(leak.policy, asked.policies))
        caution = self._rendering.settings_of(stored.provenance).caution
        return DetectedRecording(transcribed, (*found, *leaks), reports, caution)

    def _source(self, url: str) -> SourceIdentity:
        try:
            return self._rendering.sources.look_up(url)
        except AccessDeniedError:
            if not is_web(url):
                raise
            raise AccessDeniedError(
                "the web server refuses the source without the query of its URL, which is not kept: "
                "run hushbeam redact --force with new presigned URLs"
            ) from None

    def _detector(self, provenance: Provenance) -> Detector:
        """The recordings of a run share one: their settings are the same."""
        settings = self._rendering.settings_of(provenance)
        key = settings.model_dump_json()
        if key not in self._detectors:
            self._detectors[key] = Detector(settings)
            self._detectors[key].load_without_models()
        return self._detectors[key]

    def _pending(self, stored: StoredRecording, published: PublishedRecording) -> PendingRecording:
        before = stored.transcribed.pending
        asked = self._rendering.changes.of(before.recording)
        source = self._source(asked.audio_url)
        if source != before.source:
            raise SourceChangedError("the source was replaced after it was transcribed: run hushbeam redact again")
        identities = self._rendering.identify(stored.provenance, published.captions)
        corrections = self._reviews.corrections_of(asked.recording_id)
        configuration = configuration_of(identities["configuration_id"], given=before.transcript is not None)
        identity = corrected_identity(output_identity(asked, source, configuration, before.transcript), corrections)
        up_to_date = (published.output_identity == identity or published.expired) and not self._rendering.force
        return PendingRecording(
            asked,
            source,
            identity,
            replaces=True,
            up_to_date=up_to_date,
            identities=identities,
            corrections=corrections,
            transcript=before.transcript,
        )


def _is_asked(policy: str, policies: tuple[str, ...]) -> bool:
    """Whether a policy is requested, or redacted without request: masked words, and terms and patterns of the user."""
    return policy in _UNASKED or not {policy, *broader(policy)}.isdisjoint(policies)


def _around(leak: Finding) -> Finding:
    return replace(leak, start_s=max(leak.start_s - _LEAK_REACH_S, 0.0), end_s=leak.end_s + _LEAK_REACH_S)


def _skip(recording: DetectedRecording) -> str:
    count_skipped()
    return recording.recording_id
