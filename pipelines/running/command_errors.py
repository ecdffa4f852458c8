"""Messages and exit statuses of commands that fail."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection

from rich.console import Console
from rich.markup import escape

from hushbeam.pipelines.running.consoles import ReaderGoneError, printable, remarks
from hushbeam.pipelines.running.exit_status import (
    EXIT_BROKEN,
    EXIT_CANARIES_MISSED,
    EXIT_INTERRUPTED,
    EXIT_LOCKED,
    EXIT_USAGE,
)
from hushbeam.schemas.errors import ConfigurationError, RecordingError, RunError
from hushbeam.transforms.archive.run_lock import RunLockedError, RunLockLostError
from hushbeam.transforms.base.unexpected import StageDefectError, place_of
from hushbeam.transforms.canary_gate import CanariesMissedError
from hushbeam.transforms.storage.errors import StorageError

_FROM_WORKERS = {error.__name__: error for error in (ConfigurationError, RunError, StageDefectError, RunLockLostError)}
_RAISED_BY_A_WORKER = re.compile(rf"^(?:[\w.]+\.)?({'|'.join(_FROM_WORKERS)}): (.+)$", re.MULTILINE)
_REFUSED_BY_BEAM = re.compile(r"Pipeline has validations errors: \n(.+)")
_STEP = re.compile(r" \[while running '([^']*)'\]\s*$")


def incomplete(names: Collection[str], console: Console) -> int:
    """Prints the files that a command could not read, and returns its exit status."""
    named = printable(", ".join(sorted(names)))
    console.print(
        f"[bold red]Not complete:[/] these files of the output cannot be read, and may still hold what should be "
        f"deleted: {escape(named)}. Restore or delete them, and run this again",
        highlight=False,
    )
    return EXIT_BROKEN


def exit_status_of(work: Callable[[], int], console: Console) -> int:
    """Returns the exit status of `work`; if an error ends it, prints the error and returns its status."""
    quieten_beam()
    try:
        return work()
    except KeyboardInterrupt:
        remarks().print("[bold red]Stopped[/] by SIGINT", highlight=False)
        return EXIT_INTERRUPTED
    except Exception as error:  # noqa: BLE001 - each kind is reported; none may end in a traceback that holds values
        return report_error(error, console)


def quieten_beam() -> None:
    """Keeps Beam from logging workers' errors with tracebacks and values; `report_error` prints what matters."""
    logging.getLogger("apache_beam.runners.common").setLevel(logging.CRITICAL)


def report_error(error: Exception, console: Console) -> int:
    """Prints the error that ended a job, and returns its exit status.

    An unexpected error is reported by its class and place: its message may hold words of a recording.
    """
    if isinstance(error, ReaderGoneError):
        return EXIT_BROKEN
    error = _of_worker(error)
    message = escape("\n".join(map(printable, _STEP.sub("", str(error)).split("\n"))))
    if isinstance(error, ConfigurationError):
        _print(f"[bold red]error:[/] {message}", console)
        # Their statuses differ: a lock is released by its run, but an option must be corrected.
        if isinstance(error, CanariesMissedError):
            return EXIT_CANARIES_MISSED
        return EXIT_LOCKED if isinstance(error, RunLockedError) else EXIT_USAGE
    if isinstance(error, RunLockLostError):
        _print(f"[bold red]Stopped:[/] {message}", console)
        return EXIT_LOCKED
    if not isinstance(error, RunError | RecordingError):
        step = _STEP.search(str(error))
        message = escape(place_of(error) + (f", in the step {step[1]}" if step else ""))
    again = (
        "" if isinstance(error, StorageError) and not error.retryable else "; run the same command again to continue"
    )
    _print(f"[bold red]The job broke:[/] {message}. What is published is complete{again}", console)
    return EXIT_BROKEN


def _print(message: str, console: Console) -> None:
    try:
        console.print(message, highlight=False)
    except RunError:  # this console cannot be written to
        remarks().print(message, highlight=False)


def _of_worker(error: Exception) -> Exception:
    """Hushbeam's error that a worker raised and the runner passed on as text; otherwise the error itself."""
    if isinstance(error, ConfigurationError | RunError | RecordingError):
        return error
    if isinstance(error, ValueError) and (refused := _REFUSED_BY_BEAM.match(str(error))):
        return ConfigurationError(f"Beam: {refused[1]}")
    raised = _RAISED_BY_A_WORKER.findall(str(error))
    return _FROM_WORKERS[raised[-1][0]](raised[-1][1]) if raised else error


def error_to_raise(error: Exception) -> Exception:
    """The error that ended a job, for a caller that catches it: one of Hushbeam's, whose message holds no value."""
    error = _of_worker(error)
    if isinstance(error, ConfigurationError | RunError | RecordingError):
        if step := _STEP.search(str(error)):
            return type(error)(str(error)[: step.start()])
        return error
    return RunError(f"the run broke: {place_of(error)}. What is published is complete; run it again to continue")
