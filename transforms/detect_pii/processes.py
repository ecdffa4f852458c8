"""Pool of detector processes beside the speech engine.

Python's global lock lets only one thread of a process run Python at a time.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import Future, ProcessPoolExecutor

from hushbeam.transforms.base.private_memory import keep_memory_private
from hushbeam.transforms.detect_pii.detector import Detection, DetectionRequest, Detector
from hushbeam.transforms.detect_pii.settings import DetectionSettings


class DetectorProcesses:
    """Processes of this machine with a detector each.

    Transcripts reach them through pipes, never through files. A process that dies (out of memory) ends the job, as it
    would have in the worker itself.
    """

    def __init__(self, settings: DetectionSettings, count: int) -> None:
        # Not forked: the worker has threads, whose locks a forked child would inherit in any state.
        self._pool = ProcessPoolExecutor(
            count, multiprocessing.get_context("spawn"), initializer=_load, initargs=(settings,)
        )

    def submit(self, request: DetectionRequest, *, keep_reports: bool) -> Future[Detection]:
        """Begins to detect. The future raises what `Detector.detect` raises."""
        return self._pool.submit(_detect, request, keep_reports=keep_reports)

    def close(self) -> None:
        """Ends the processes."""
        self._pool.shutdown(cancel_futures=True)


class _Loaded:
    """State of a process between calls."""

    detector: Detector


def _load(settings: DetectionSettings) -> None:
    keep_memory_private()
    # Signals of a terminal reach all processes of a job; the worker ends these processes.
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_worker, name="worker's end", daemon=True).start()
    _Loaded.detector = Detector(settings)
    _Loaded.detector.load()


def _end_with_worker() -> None:
    """Ends the process with its worker: otherwise it would wait for a killed worker and keep its models in memory."""
    worker = multiprocessing.parent_process()
    if worker is not None:
        worker.join()
        os._exit(os.EX_OK)


def _detect(request: DetectionRequest, *, keep_reports: bool) -> Detection:
    return _Loaded.detector.detect(request, keep_reports=keep_reports)
