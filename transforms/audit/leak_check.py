"""The recogniser and the detection that check redacted audio for leaks."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from pathlib import Path

from hushbeam.schemas.finding import Finding
from hushbeam.schemas.transcript import Transcript
from hushbeam.transforms.audit.check import LeakCheck
from hushbeam.transforms.audit.settings import AuditSettings
from hushbeam.transforms.detect_pii.detector import DetectionRequest, Detector
from hushbeam.transforms.verify_audio.second_recogniser import SecondRecogniser


def load_leak_check(settings: AuditSettings) -> LeakCheck:
    """Loads both models."""
    recogniser = SecondRecogniser(settings.recogniser, settings.other_languages, settings.limits)
    recogniser.load()
    detector = Detector(settings.detection)
    detector.load()
    return LeakCheck(partial(_transcribe_parts, recogniser), partial(_detect, detector), settings.leaks)


def _transcribe_parts(recogniser: SecondRecogniser, path: Path, language: str) -> Transcript:
    return recogniser.transcribe_parts(path, None, language=language, mix=False, tone_hz=None)


def _detect(detector: Detector, transcript: Transcript, policies: Collection[str]) -> tuple[Finding, ...]:
    return detector.detect(DetectionRequest(transcript, policies)).findings
