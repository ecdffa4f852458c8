"""Detection in processes of its own finds what detection in the worker finds."""

from __future__ import annotations

from pathlib import Path

from evaluation.truth import read_truth
from transforms.detect_pii.detector import Detector
from transforms.detect_pii.processes import DetectorProcesses
from transforms.detect_pii.settings import DetectionSettings

CALLS = read_truth(Path(__file__).parents[3] / "evaluation" / "dev")[:3]


def test_processes_find_what_the_worker_finds():
    here = Detector(DetectionSettings())
    here.load()
    beside = DetectorProcesses(DetectionSettings(), 1)
    try:
        futures = [beside.submit(call.perfect_transcript(), call.policies, {}) for call in CALLS]
        for call, future in zip(CALLS, futures, strict=True):
            found = here.detect(call.perfect_transcript(), call.policies, {})
            assert future.result(timeout=120) == found
            assert found
    finally:
        beside.close()
