"""Detector processes: the same findings as in the worker, in real processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from evaluation.truth import LabelledRecording, read_truth
from hushbeam.transforms.detect_pii.detector import DetectionRequest, Detector
from hushbeam.transforms.detect_pii.processes import DetectorProcesses
from hushbeam.transforms.detect_pii.settings import DetectionSettings

CALLS = read_truth(Path(__file__).parents[3] / "evaluation" / "dev")[:3]


def _request(call: LabelledRecording) -> DetectionRequest:
    return DetectionRequest(call.perfect_transcript(), call.policies)


def test_processes_find_what_the_worker_finds() -> None:
    here = Detector(DetectionSettings())
    here.load()
    beside = DetectorProcesses(DetectionSettings(), 1)
    try:
        futures = [beside.submit(_request(call), keep_reports=False) for call in CALLS]
        for call, future in zip(CALLS, futures, strict=True):
            found = here.detect(_request(call))
            assert future.result(timeout=120) == found
            assert found.findings
    finally:
        beside.close()


def test_processes_end_with_a_worker_that_is_killed() -> None:
    script = (
        "import time\n"
        "from hushbeam.transforms.detect_pii.processes import DetectorProcesses\n"
        "from hushbeam.transforms.detect_pii.detector import DetectionRequest\n"
        "from hushbeam.transforms.detect_pii.settings import DetectionSettings\n"
        "if __name__ == '__main__':\n"
        "    processes = DetectorProcesses(DetectionSettings(), 1)\n"
        "    try:\n"
        "        processes.submit(DetectionRequest(None, ()), keep_reports=False).result()\n"
        "    except AttributeError:\n"
        "        print('loaded', flush=True)\n"
        "    time.sleep(300)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]) as job:
        assert job.stdout is not None
        assert job.stdout.readline() == b"loaded\n"
        job.kill()
        # The pipe ends when no process holds it any more.
        assert job.communicate(timeout=60)[0] == b""
