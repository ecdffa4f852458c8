"""The stage VerifyAudio, on a runner."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to

from hushbeam.schemas.failure import Failure
from hushbeam.schemas.stages import MutedRecording
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.mute_audio.redaction import stage_audio
from hushbeam.transforms.mute_audio.settings import MuteSettings
from hushbeam.transforms.transcribe import TranscriptionSettings
from hushbeam.transforms.verify_audio import VerifyAudio, VerifySettings
from tests.transforms.verify_audio.labelled import labelled, redacted, spans_of

LIMITS = MediaLimits()


def leaking(recording_id: str, folder: str) -> MutedRecording:
    """A labelled call of which the first finding is not muted."""
    recording = redacted(labelled(recording_id))
    spans = spans_of(recording, but=recording.detected.findings[0])
    audio = stage_audio(
        recording, Path(recording.recording.audio_url), spans, Path(folder), MuteSettings(), limits=LIMITS
    )
    return MutedRecording(recording, audio)


def with_another_source(recording: MutedRecording) -> MutedRecording:
    """The same, as if the source had changed since it was heard."""
    detected = recording.detected
    pending = detected.transcribed.pending
    changed = replace(pending, source=replace(pending.source, version="mtime_ns:1"))
    return replace(
        recording,
        redacted=replace(
            recording.redacted, detected=replace(detected, transcribed=replace(detected.transcribed, pending=changed))
        ),
    )


def summary(recording: MutedRecording) -> tuple[str, str, bool, int]:
    verification = recording.verification
    assert recording.audio is not None
    assert Path(recording.audio.path).exists()
    named = verification.recogniser.startswith("whisper-tiny.en@sha256:")
    return recording.recording_id, verification.outcome, named, min(verification.repairs, 1)


def failed(failure: Failure) -> tuple[str | None, str, str, str]:
    return failure.recording_id, failure.stage, failure.error_class, failure.status


def test_leaks_are_muted_before_anything_is_published(tmp_path: Path) -> None:
    with TestPipeline("FnApiRunner") as pipeline:
        verified, failures = (
            pipeline
            | beam.Create(["card-payment", "password-reset"])
            | beam.Map(leaking, folder=str(tmp_path)).with_output_types(MutedRecording)
            | VerifyAudio(VerifySettings(), TranscriptionSettings(), MuteSettings(), LIMITS)
        )
        outcomes = verified | beam.Map(summary)
        assert_that(outcomes, equal_to([("card-payment", "passed", True, 1), ("password-reset", "passed", True, 1)]))
        assert_that(failures, equal_to([]), "failures")


def test_a_leak_whose_source_has_changed_is_not_published(tmp_path: Path) -> None:
    with TestPipeline("FnApiRunner") as pipeline:
        verified, failures = (
            pipeline
            | beam.Create(["card-payment"])
            | beam.Map(leaking, folder=str(tmp_path)).with_output_types(MutedRecording)
            | beam.Map(with_another_source).with_output_types(MutedRecording)
            | VerifyAudio(VerifySettings(), TranscriptionSettings(), MuteSettings(), LIMITS)
        )
        assert_that(verified | beam.Map(summary), equal_to([]))
        expected = [("card-payment", "VerifyAudio", "SourceChangedError", "failed")]
        assert_that(failures | beam.Map(failed), equal_to(expected), "failures")
    assert list(tmp_path.iterdir()) == [], "the leaking file is removed"


@pytest.mark.parametrize(("mode", "outcome"), [("off", "off"), ("sample:0.0001", "not_sampled")])
def test_recordings_that_are_not_verified_are_marked(mode: str, outcome: str, tmp_path: Path) -> None:
    with TestPipeline("FnApiRunner") as pipeline:
        verified, _ = (
            pipeline
            | beam.Create(["card-payment"])
            | beam.Map(leaking, folder=str(tmp_path)).with_output_types(MutedRecording)
            | VerifyAudio(VerifySettings(mode=mode), TranscriptionSettings(), MuteSettings(), LIMITS)
        )
        assert_that(verified | beam.Map(summary), equal_to([("card-payment", outcome, False, 0)]))
