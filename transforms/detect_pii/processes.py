"""Detection beside the speech engine: Python's lock lets only one of a process's threads run Python at a time."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor

from hushbeam.schemas.finding import Finding, RecogniserReport
from hushbeam.schemas.transcript import Transcript
from hushbeam.transforms.base.private_memory import keep_memory_private
from hushbeam.transforms.detect_pii.detector import Detector
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

    def submit(
        self, transcript: Transcript, policies: Collection[str], static_entities: Mapping[str, Sequence[str]]
    ) -> Future[tuple[Finding, ...]]:
        """Begins to detect. The future raises what `Detector.detect` raises."""
        return self._pool.submit(_detect, transcript, policies, static_entities)

    def submit_and_report(
        self, transcript: Transcript, policies: Collection[str], static_entities: Mapping[str, Sequence[str]]
    ) -> Future[tuple[tuple[Finding, ...], tuple[RecogniserReport, ...]]]:
        """The same for `Detector.detect_and_report`."""
        return self._pool.submit(_detect_and_report, transcript, policies, static_entities)

    def close(self) -> None:
        """Ends the processes."""
        self._pool.shutdown(cancel_futures=True)


class _Loaded:
    """What a process keeps between calls."""

    detector: Detector


def _load(settings: DetectionSettings) -> None:
    keep_memory_private()
    # What a terminal tells a job reaches all of its processes; it is the worker's to end them.
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_worker, name="worker's end", daemon=True).start()
    _Loaded.detector = Detector(settings)
    _Loaded.detector.load()


def _end_with_worker() -> None:
    """A pool's process waits for ever for a worker that was killed, and keeps its models in memory meanwhile."""
    worker = multiprocessing.parent_process()
    if worker is not None:
        worker.join()
        os._exit(os.EX_OK)


def _detect(
    transcript: Transcript, policies: Collection[str], static_entities: Mapping[str, Sequence[str]]
) -> tuple[Finding, ...]:
    return _Loaded.detector.detect(transcript, policies, static_entities)


def _detect_and_report(
    transcript: Transcript, policies: Collection[str], static_entities: Mapping[str, Sequence[str]]
) -> tuple[tuple[Finding, ...], tuple[RecogniserReport, ...]]:
    return _Loaded.detector.detect_and_report(transcript, policies, static_entities)
