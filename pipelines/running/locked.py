"""Lock of an output for one run, and its release when a signal stops this process.

An orchestrator stops a job with SIGTERM, a person with Ctrl-C or Ctrl-\\, a closed terminal with SIGHUP. A run of
this machine then ends its processes, removes its temporary files, which may hold recordings, releases its lock and
ends itself, in that order. It does not wait for the work under way: what is published is complete at every moment, as
after a kill, and the next run continues from there. `waiting.py` describes how a run on a cluster ends.
"""

from __future__ import annotations

import os
import random
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

from hushbeam.pipelines.options.ages import duration
from hushbeam.pipelines.running.exit_status import EXIT_BROKEN, EXIT_LOCKED
from hushbeam.pipelines.running.terminal import close_displays, do_within
from hushbeam.pipelines.running.waiting import heeded_signals
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.archive.run_lock import RunLock, RunLockedError, holder_of
from hushbeam.transforms.base.temporary_files import TemporaryFolder, check_temporary_files
from hushbeam.transforms.storage import urls
from hushbeam.transforms.storage.errors import AccessDeniedError, StorageError

_STOPPED_WITHIN_S = 10.0
"""A third of the time that Kubernetes allows between SIGTERM and SIGKILL."""
_ENDED_WITHIN_S = 2.0
_TOLD_WITHIN_S = 1.0
_LOOK_EVERY_S = 5.0
_WATCHES_A_WORKER = "run_worker"
"""Beam's name of the thread that raises an error when a worker process does."""


@contextmanager
def locked(
    output: str,
    run_id: str,
    console: Console,
    *,
    local: bool = True,
    on_stop: Callable[[int], None] | None = None,
    wait: str | None = None,
) -> Iterator[RunLock]:
    """Holds an output's lock. A run that loses the lock to another one is stopped.

    Args:
      local: Whether the work is done in this process and its children.
      on_stop: Called last, with the exit status, when a signal stops a local run.
      wait: How long to wait for a run that holds it, as `--wait_for_lock` has it.

    Raises:
      RunLockedError: Another run holds it, also at the end of the wait.
      ConfigurationError: The output may not be written to, or the requested folder for temporary files cannot be used.
    """
    check_temporary_files()
    # Python sets signal handlers in the main thread only. In any other thread, the user's own program runs the job.
    is_ours = threading.current_thread() is threading.main_thread()
    with _no_empty_folders(output), ExitStack() as held:
        try:
            lock = held.enter_context(_acquired(output, run_id, console, wait, _stop_this_process if is_ours else None))
        except AccessDeniedError as error:
            raise ConfigurationError(f"--output: {error}") from None
        if local and is_ours:
            held.enter_context(_ended_by_signals(lock, console, on_stop))
        yield lock


@contextmanager
def _acquired(
    output: str, run_id: str, console: Console, wait: str | None, on_loss: Callable[[], None] | None
) -> Iterator[RunLock]:
    """Takes the lock, once the run that holds it has ended, and gives it back. Waiting runs have no order."""
    until = time.monotonic() + (duration(wait).total_seconds() if wait else 0.0)
    told: str | None = None
    while True:
        lock = RunLock(output, run_id, on_loss=on_loss)
        try:
            lock.__enter__()
            break
        except RunLockedError as error:
            if time.monotonic() >= until:
                raise RunLockedError(f"{error}. --wait_for_lock: waited {wait}" if wait else str(error)) from None
        holder = holder_of(output)
        if holder not in (told, None):
            told = holder
            console.print(f"Waiting up to {wait} for run {holder}, which is writing to the output", highlight=False)
        # Not all at the same moment: each try is a few requests to the store.
        pause_s = random.uniform(0.5, 1.5) * _LOOK_EVERY_S  # noqa: S311 - no secret
        time.sleep(min(pause_s, max(0.0, until - time.monotonic())))
    if told:
        console.print("The output is free: this run begins", highlight=False)
    try:
        yield lock
    finally:
        lock.release()


@contextmanager
def _no_empty_folders(output: str) -> Iterator[None]:
    """Removes the folders that the lock made, if an error ends the command before it writes anything else."""
    folders = [Path(output, "runs"), Path(output), *Path(output).parents] if urls.is_local(output) else []
    made = [folder for folder in folders if not folder.exists()]
    try:
        yield
    except Exception:
        with suppress(OSError):  # it is not empty
            for folder in made:
                folder.rmdir()
        raise


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
        # The main thread may have been interrupted while it held a lock that a library needs here. If this takes too
        # long, the output's lock stays behind, and the next run finds that its owner has ended.
        why = ":[/] another run took over the output" if self._lock.is_lost else f"[/] by {signal.Signals(number).name}"
        do_within(_STOPPED_WITHIN_S, lambda: self._leave(f"[bold red]Stopped{why}", status))
        os._exit(status)

    def _leave(self, why: str, status: int) -> None:
        close_displays()
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
        """Prints, unless the terminal is closed, takes nothing more, or is held by the main thread, which waits."""

        def tell() -> None:
            # Nothing can be printed on a closed terminal: rich then ends the thread that prints.
            with suppress(OSError, SystemExit):
                self._console.show_cursor()
                self._console.print(message, highlight=False)

        do_within(_TOLD_WITHIN_S, tell)


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
