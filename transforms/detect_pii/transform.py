"""DetectPII: finds personal data in the transcript of the whole conversation."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import Future

import apache_beam as beam
from apache_beam.utils.shared import Shared

from hushbeam.schemas.stages import DetectedRecording, TranscribedRecording
from hushbeam.transforms.base import progress
from hushbeam.transforms.base.each_recording import Outcome, RecordingStage, each_recording, then
from hushbeam.transforms.detect_pii.detector import Detection, DetectionRequest, Detector
from hushbeam.transforms.detect_pii.processes import DetectorProcesses
from hushbeam.transforms.detect_pii.settings import DetectionSettings

_DETECTORS, _PROCESSES = Shared(), Shared()


class DetectPII(beam.PTransform):
    """Finds the personal data that each recording's policies cover.

    It reads whole conversations, both channels in time order: questions explain answers, numbers continue over turns,
    and repetitions of a confirmed value are found. A recogniser that raises ends the recording.

    Args:
      processes: Number of detector processes beside the worker; 0 detects in the worker itself.
      keep_reports: Whether to run all recognisers, requested or not, and keep their reports with the recording, so that
        other policies can be rendered later.
    """

    def __init__(self, settings: DetectionSettings, *, processes: int = 0, keep_reports: bool = False) -> None:
        super().__init__("DetectPII")
        self._settings = settings
        self._processes = processes
        self._keep_reports = keep_reports

    def expand(self, recordings: beam.PCollection[TranscribedRecording]) -> Outcome[DetectedRecording]:
        stage = (
            _DetectBeside(self._settings, self._keep_reports, self._processes)
            if self._processes
            else _DetectHere(self._settings, self._keep_reports)
        )
        return recordings | each_recording(stage, DetectedRecording)


class _DetectStage(RecordingStage[TranscribedRecording, DetectedRecording]):
    name = "DetectPII"

    def __init__(self, settings: DetectionSettings, keep_reports: bool) -> None:
        self._settings = settings
        self._keep_reports = keep_reports

    def measure(self, output: DetectedRecording) -> dict[str, int]:
        return {f"findings.{policy}": n for policy, n in Counter(f.policy for f in output.findings).items()}


class _DetectHere(_DetectStage):
    def setup(self) -> None:
        self._detector = _DETECTORS.acquire(self._load, tag=repr(self._settings))

    def _load(self) -> _SharedDetector:
        detector = Detector(self._settings)
        with progress.doing("loading models"):
            detector.load()
        return _SharedDetector(detector)

    def process(self, recording: TranscribedRecording) -> DetectedRecording:
        detected = self._detector.detect(_request(recording), self._keep_reports)
        return DetectedRecording(recording, detected.findings, detected.reports, self._settings.caution)


class _SharedDetector:
    """One detector for all threads of a process, used by one thread at a time."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._lock = threading.Lock()

    def detect(self, request: DetectionRequest, keep_reports: bool) -> Detection:
        with self._lock:
            return self._detector.detect(request, keep_reports=keep_reports)


class _DetectBeside(_DetectStage):
    def __init__(self, settings: DetectionSettings, keep_reports: bool, processes: int) -> None:
        super().__init__(settings, keep_reports)
        self._processes = processes
        self.in_flight = 2 * processes

    def setup(self) -> None:
        self._detectors = _PROCESSES.acquire(
            lambda: DetectorProcesses(self._settings, self._processes), tag=repr((self._settings, self._processes))
        )

    def process(self, recording: TranscribedRecording) -> DetectedRecording:
        return self.submit(recording).result()

    def submit(self, recording: TranscribedRecording) -> Future[DetectedRecording]:
        caution = self._settings.caution
        detection = self._detectors.submit(_request(recording), keep_reports=self._keep_reports)
        return then(
            detection, lambda detected: DetectedRecording(recording, detected.findings, detected.reports, caution)
        )


def _request(recording: TranscribedRecording) -> DetectionRequest:
    asked = recording.recording
    return DetectionRequest(recording.transcript, asked.policies, asked.static_entities)
