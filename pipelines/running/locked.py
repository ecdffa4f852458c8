"""Lock of an output for one run, and its release when a signal stops this process.

An orchestrator stops a job with SIGTERM, a person with Ctrl-C or Ctrl-\\, a closed terminal with SIGHUP. A run of
this machine then ends its processes, removes its temporary files, which may hold recordings, releases its lock and
ends itself, in that order. It does not wait for the work under way: what is published is complete at every moment, as
after a kill, and the next run continues from there. `waiting.py` describes how a run on a cluster ends.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.markup import escape

from hushbeam.pipelines.running.exit_status import EXIT_BROKEN, EXIT_LOCKED
from hushbeam.pipelines.running.waiting import heeded_signals
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.archive.run_lock import RunLock
from hushbeam.transforms.base.temporary_files import TemporaryFolder, check_temporary_files
from hushbeam.transforms.storage.errors import AccessDeniedError, StorageError

_STOPPED_WITHIN_S = 10.0
"""A third of the time that Kubernetes allows between SIGTERM and SIGKILL."""
_ENDED_WITHIN_S = 2.0
_WATCHES_A_WORKER = "run_worker"
"""Beam's name of the thread that raises an error when a worker process does."""


@contextmanager
def locked(
    output: str, run_id: str, console: Console, *, local: bool = True, on_stop: Callable[[int], None] | None = None
) -> Iterator[RunLock]:
    """Holds an output's lock. A run that loses the lock to another one is stopped.

    Args:
      local: Whether the work is done in this process and its children.
      on_stop: Called last, with the exit status, when a signal stops a local run.

    Raises:
      RunLockedError: Another run holds it.
      ConfigurationError: The output may not be written to, or the requested folder for temporary files cannot be used.
    """
    check_temporary_files()
    # Python sets signal handlers in the main thread only. In any other thread, the user's own program runs the job.
    is_ours = threading.current_thread() is threading.main_thread()
    with ExitStack() as held:
        try:
            lock = held.enter_context(RunLock(output, run_id, on_loss=_stop_this_process if is_ours else None))
        except AccessDeniedError as error:
            raise ConfigurationError(f"--output: {error}") from None
        if local and is_ours:
            held.enter_context(_ended_by_signals(lock, console, on_stop))
        yield lock


def _stop_this_process() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def _ended_by_signals(lock: RunLock, console: Console, on_stop: Callable[[int], None] | None) -> Iterator[None]:
    with _temporary_files_together() as folder:
        ending = _Ending(lock, console, folder, on_stop)
        before = {number: signal.signal(number, ending.begin) for number in heeded_signals()}
        hook, threading.excepthook = threading.excepthook, ending.of_thread(threading.excepthook)
        try:
            yield
        finally:
            threading.excepthook = hook
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def _temporary_files_together() -> Iterator[Path]:
    """One folder for all temporary files of this process and its children, so that they can be removed with it."""
    before, variable = tempfile.tempdir, os.environ.get("TMPDIR")
    with TemporaryFolder() as folder:
        tempfile.tempdir = os.environ["TMPDIR"] = folder
        try:
            yield Path(folder)
        finally:
            tempfile.tempdir = before
            if variable is None:
                del os.environ["TMPDIR"]
            else:
                os.environ["TMPDIR"] = variable


class _Ending:
    def __init__(self, lock: RunLock, console: Console, folder: Path, on_stop: Callable[[int], None] | None) -> None:
        self._lock = lock
        self._console = console
        self._folder = folder
        self._on_stop = on_stop
        self._is_under_way = False

    def of_thread(self, otherwise: Callable[[threading.ExceptHookArgs], object]) -> Callable[..., None]:
        """A hook for threads that end with an error: Beam waits forever for a worker process that has ended."""

        def ended(args: threading.ExceptHookArgs) -> None:
            if args.thread is None or args.thread.name != _WATCHES_A_WORKER:
                otherwise(args)
            elif not self._is_under_way:
                self._is_under_way = True
                self._leave(
                    "[bold red]The job broke:[/] a worker process ended too early; perhaps the machine ran out of "
                    "memory",
                    EXIT_BROKEN,
                )
                os._exit(EXIT_BROKEN)

        return ended

    def begin(self, number: int, frame: FrameType | None) -> None:
        """Ends this process. Called in the main thread, which does nothing else from then on."""
        self._is_under_way = True
        for heeded in heeded_signals():
            signal.signal(heeded, signal.SIG_IGN)
        status = EXIT_LOCKED if self._lock.is_lost else 128 + number
        # In a thread: the main thread may have been interrupted while it held a lock that a library needs here. If this
        # takes too long, the output's lock stays behind, and the next run finds that its owner has ended.
        why = ":[/] another run took over the output" if self._lock.is_lost else f"[/] by {signal.Signals(number).name}"
        leaving = threading.Thread(target=self._leave, args=(f"[bold red]Stopped{why}", status), daemon=True)
        leaving.start()
        leaving.join(_STOPPED_WITHIN_S)
        os._exit(status)

    def _leave(self, why: str, status: int) -> None:
        self._print(f"{why}. What is published is complete; run the same command again to continue")
        _end_children()
        shutil.rmtree(self._folder, ignore_errors=True)
        try:
            self._lock.release()
        except StorageError as error:
            self._print(f"The lock of the output was not removed: {escape(str(error))}")
        if self._on_stop is not None:
            self._on_stop(status)

    def _print(self, message: str) -> None:
        # Nothing can be printed on a closed terminal: rich then ends the thread that prints.
        with suppress(OSError, SystemExit):
            self._console.show_cursor()
            self._console.print(message, highlight=False)


def _end_children() -> None:
    """Ends decoders, detectors and Beam's worker processes, and waits for their end: they may write until then."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        below = processes_below(os.getpid())
        for process in below:
            with suppress(ProcessLookupError):
                os.kill(process, number)
        until = time.monotonic() + _ENDED_WITHIN_S
        while any(map(_is_running, below)) and time.monotonic() < until:
            time.sleep(0.02)


def processes_below(process: int) -> list[int]:
    """The descendants of a process, without those that only clean up."""
    found: list[int] = []
    for listed in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):  # a thread that has ended
            for child in map(int, listed.read_text().split()):
                found += [] if _only_cleans_up(child) else [child, *processes_below(child)]
    return found


def _only_cleans_up(process: int) -> bool:
    """Whether a process is multiprocessing's resource tracker, which cleans up after the others and then ends."""
    with suppress(OSError):
        return b"multiprocessing.resource_tracker" in Path(f"/proc/{process}/cmdline").read_bytes()
    return False


def _is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
