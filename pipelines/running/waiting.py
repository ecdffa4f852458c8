"""Waits for a job that may run on a cluster, and cancels it when a signal stops this process."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

import apache_beam as beam
from apache_beam.runners.runner import PipelineResult

from hushbeam.schemas.errors import RunError
from hushbeam.transforms.base.unexpected import place_of

_TOLD_TO_STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def heeded_signals() -> list[signal.Signals]:
    """Signals that stop this process: Ctrl-C, SIGTERM of an orchestrator, a closed terminal, Ctrl-\\.

    Signals that were ignored at its start (by nohup, or in the background of a script) stay ignored.
    """
    return [number for number in _TOLD_TO_STOP if signal.getsignal(number) != signal.SIG_IGN]


class StoppedError(SystemExit):
    """A signal stopped the process."""


def submitted(pipeline: beam.Pipeline) -> PipelineResult:
    """Submits a pipeline to a runner outside of this process.

    Raises:
      RunError: The runner cannot be started or reached.
    """
    try:
        return pipeline.run()
    except (RuntimeError, OSError) as error:
        raise RunError(
            f"the runner cannot be started or reached ({place_of(error)}). If Beam could not download the runner or "
            "its job server, name a local copy: docs/runners.md"
        ) from None


def wait(result: PipelineResult) -> None:
    """Returns when the job is done.

    On a cluster a job outlives the process that submitted it, and would go on writing to an output that another run may
    take over. So it is cancelled first if this process is interrupted or terminated.
    """
    with _stopped_by_signals():
        try:
            result.wait_until_finish()
        except StoppedError:
            result.cancel()
            raise


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # Instead of Beam's own handler, which ends the job server first, so that the job could no longer be cancelled.
    before = {number: signal.signal(number, _stop) for number in heeded_signals()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    raise StoppedError(128 + number)
