"""How jobs end that could not begin, or broke. docs/command_line.md lists the statuses of all jobs."""

from __future__ import annotations

import logging
import re
import signal
from collections.abc import Callable, Collection

from rich.console import Console
from rich.markup import escape

from hushbeam.pipelines.running.speaking import remarks
from hushbeam.pipelines.running.terminal import printable
from hushbeam.schemas.errors import ConfigurationError, RecordingError, RunError
from hushbeam.transforms.archive.run_lock import RunLockedError, RunLockLostError
from hushbeam.transforms.base.unexpected import StageDefectError, place_of
from hushbeam.transforms.canary_gate import CanariesMissedError

EXIT_COMPLETED, EXIT_INCOMPLETE = 0, 3
EXIT_BROKEN, EXIT_USAGE, EXIT_LOCKED, EXIT_BLIND = 1, 2, 5, 6
EXIT_INTERRUPTED = 128 + signal.SIGINT

_FROM_WORKERS = {error.__name__: error for error in (ConfigurationError, RunError, StageDefectError, RunLockLostError)}
_SAID_BY_A_WORKER = re.compile(rf"^(?:[\w.]+\.)?({'|'.join(_FROM_WORKERS)}): (.+)$", re.MULTILINE)
_STEP = re.compile(r" \[while running '([^']*)'\]\s*$")


def incomplete(names: Collection[str], console: Console) -> int:
    """Says which files kept a job from doing all of its work, and gives its exit status."""
    named = printable(", ".join(sorted(names)))
    console.print(
        f"[bold red]Not all is done:[/] {escape(named)} in the output cannot be read, and may still "
        "hold what should be gone. Put each back as it was, or delete it, and run this again",
        highlight=False,
    )
    return EXIT_BROKEN


def finished(work: Callable[[], int], console: Console) -> int:
    """The exit status that `work` gives, or that of the error that ended it, which is told on the console."""
    quieten_beam()
    try:
        return work()
    except KeyboardInterrupt:
        remarks().print("[bold red]Stopped:[/] told to (SIGINT)", highlight=False)
        return EXIT_INTERRUPTED
    except Exception as error:  # noqa: BLE001 - each kind is told; none may end in a traceback that holds values
        return told(error, console)


def quieten_beam() -> None:
    """Keeps Beam from logging each error of a worker with its traceback and its own words: `told` says what matters."""
    logging.getLogger("apache_beam.runners.common").setLevel(logging.CRITICAL)


def told(error: Exception, console: Console) -> int:
    """Says what ended a job, and gives its exit status.

    An error that no code foresaw is told by its class and place: its own words may hold what was said.
    """
    error = _of_worker(error)
    message = escape("\n".join(map(printable, _STEP.sub("", str(error)).split("\n"))))
    if isinstance(error, ConfigurationError):
        # A lock goes away by itself, a mistake does not.
        _say(f"[bold red]Cannot run:[/] {message}", console)
        if isinstance(error, CanariesMissedError):
            return EXIT_BLIND
        return EXIT_LOCKED if isinstance(error, RunLockedError) else EXIT_USAGE
    if isinstance(error, RunLockLostError):
        _say(f"[bold red]Stopped:[/] {message}", console)
        return EXIT_LOCKED
    if not isinstance(error, RunError | RecordingError):
        step = _STEP.search(str(error))
        message = escape(place_of(error) + (f", in the step {step[1]}" if step else ""))
    _say(f"[bold red]The job broke:[/] {message}. What is public is whole; run it again to go on", console)
    return EXIT_BROKEN


def _say(message: str, console: Console) -> None:
    try:
        console.print(message, highlight=False)
    except RunError:  # this very console cannot be written
        remarks().print(message, highlight=False)


def _of_worker(error: Exception) -> Exception:
    """Runners hand on what a worker raised as text: the error that it speaks of, where it is one of ours."""
    if isinstance(error, ConfigurationError | RunError | RecordingError):
        return error
    said = _SAID_BY_A_WORKER.findall(str(error))
    return _FROM_WORKERS[said[-1][0]](said[-1][1]) if said else error
