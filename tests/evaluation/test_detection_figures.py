"""Least figures of detection on the labelled calls, from cached transcripts with the real models.

The bounds lie a little under what is reached, so that a rule that breaks something fails here. What is promised is
measured on the files (`make evaluate`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evaluation import truth
from evaluation.detect_cached import Padding, detect_all, summarise
from evaluation.truth import TRANSCRIPTS, read_transcripts, read_truth
from hushbeam.transforms.detect_pii.detector import Detector
from hushbeam.transforms.detect_pii.settings import DetectionSettings

EVALUATION = Path(truth.__file__).parent


@pytest.fixture(scope="module")
def detector() -> Detector:
    detector = Detector(DetectionSettings())
    detector.load()
    return detector


def figures(detector: Detector, folder: str, perfect: bool) -> dict[str, Any]:
    recordings = read_truth(EVALUATION / folder)
    transcripts = (
        {recording.recording_id: recording.perfect_transcript() for recording in recordings}
        if perfect
        else read_transcripts(EVALUATION / folder / TRANSCRIPTS)
    )
    return summarise(detect_all(detector, recordings, transcripts, None, Padding()))


@pytest.mark.parametrize(
    ("folder", "covered", "leaks"), [("dev", 0.92, 2), ("telephone", 0.92, 3), ("holdout", 0.75, 6)]
)
def test_recognised_calls(detector: Detector, folder: str, covered: float, leaks: int) -> None:
    summary = figures(detector, folder, perfect=False)
    assert summary["covered_0.9"] >= covered
    assert summary["text_leaks"] <= leaks
    assert summary["over_redaction"] <= 0.06


@pytest.mark.parametrize(
    ("folder", "covered", "alarms"), [("dev", 0.98, 10), ("telephone", 0.95, 20), ("holdout", 0.95, 60)]
)
def test_perfectly_recognised_calls(detector: Detector, folder: str, covered: float, alarms: float) -> None:
    summary = figures(detector, folder, perfect=True)
    assert summary["covered_0.9"] >= covered
    assert summary["false_alarms_per_hour"] <= alarms
