"""RedactText: replaces the words of findings in transcripts, and words that a given transcript masks in part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import apache_beam as beam

from hushbeam.schemas.correction import without_false_positives
from hushbeam.schemas.finding import personal_words
from hushbeam.schemas.stages import DetectedRecording, RedactedRecording
from hushbeam.transforms.base.each_recording import Outcome, RecordingStage, each_recording
from hushbeam.transforms.base.secrets import read_secret
from hushbeam.transforms.mute_audio.untranscribed import MASKS, POLICY, find_partly_masked
from hushbeam.transforms.redact_text.redact import redact
from hushbeam.transforms.redact_text.substitution import Substitution


class RedactText(beam.PTransform):
    """Replaces findings in the text, the utterances and the words, with the substitution that each recording chooses.

    Args:
      by_policy: Substitutions for single policies, which apply to all recordings.
      surrogate_key: Reference to the secret key of surrogates; None if no recording may ask for surrogates.
    """

    def __init__(self, by_policy: Mapping[str, str], surrogate_key: str | None) -> None:
        super().__init__("RedactText")
        self._by_policy = dict(by_policy)
        self._surrogate_key = surrogate_key

    def expand(self, recordings: beam.PCollection[DetectedRecording]) -> Outcome[RedactedRecording]:
        return recordings | each_recording(_RedactStage(self._by_policy, self._surrogate_key), RedactedRecording)


class _RedactStage(RecordingStage[DetectedRecording, RedactedRecording]):
    name = "RedactText"

    def __init__(self, by_policy: Mapping[str, str], surrogate_key: str | None) -> None:
        self._by_policy = by_policy
        self._surrogate_key = surrogate_key

    def setup(self) -> None:
        # Read in the worker: only the reference is pickled with the pipeline.
        self._key = read_secret(self._surrogate_key, "--surrogate_key").encode() if self._surrogate_key else b""

    def process(self, recording: DetectedRecording) -> RedactedRecording:
        recording = _with_partly_masked(recording)
        request = recording.recording
        substitution = Substitution(request.substitution, self._by_policy, key=self._key)
        published = recording.transcribed.published
        redacted = redact(
            recording.transcribed.transcript,
            recording.findings,
            substitution,
            request.recording_id,
            written=published.texts if published else None,
        )
        return RedactedRecording(recording, redacted)

    def measure(self, output: RedactedRecording) -> dict[str, int]:
        masked = sum(finding.detector == MASKS for finding in output.detected.findings)
        return {f"findings.{POLICY}": masked} if masked else {}


def _with_partly_masked(recording: DetectedRecording) -> DetectedRecording:
    """The recording with findings for words that its given transcript masks in part: they are redacted like others."""
    transcribed = recording.transcribed
    found = find_partly_masked(transcribed.transcript, personal_words(recording.findings))
    found = without_false_positives(found, transcribed.false_positive_spans)
    return replace(recording, findings=(*recording.findings, *found))
