"""CorrectFindings: what reviewers decided, before anything is rendered."""

from __future__ import annotations

import apache_beam as beam

from hushbeam.schemas.stages import DetectedRecording
from hushbeam.transforms.base.each_recording import Outcome, RecordingStage, each_recording
from hushbeam.transforms.correct_findings.correct import correct


class CorrectFindings(beam.PTransform):
    """Adds what reviewers marked to what was found, and leaves out what they called needless."""

    def __init__(self) -> None:
        super().__init__("CorrectFindings")

    def expand(self, detected: beam.PCollection[DetectedRecording]) -> Outcome[DetectedRecording]:
        return detected | each_recording(_CorrectStage(), DetectedRecording)


class _CorrectStage(RecordingStage[DetectedRecording, DetectedRecording]):
    name = "CorrectFindings"

    def process(self, recording: DetectedRecording) -> DetectedRecording:
        return correct(recording)
