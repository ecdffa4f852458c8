"""How jobs end that could not begin. docs/command_line.md lists the statuses of all jobs."""

from __future__ import annotations

from collections.abc import Collection

from rich.console import Console
from rich.markup import escape

from schemas.failure import ConfigurationError
from transforms.canary_gate import CanariesMissedError
from transforms.commit.run_lock import RunLockedError
from transforms.storage.errors import StorageError

EXIT_BROKEN, EXIT_USAGE, EXIT_LOCKED, EXIT_BLIND = 1, 2, 5, 6


def refused(error: ConfigurationError, console: Console) -> int:
    """Says why a job cannot run, and gives its exit status: a lock goes away by itself, a mistake does not."""
    console.print(f"[bold red]Cannot run:[/] {escape(str(error))}", highlight=False)
    if isinstance(error, CanariesMissedError):
        return EXIT_BLIND
    return EXIT_LOCKED if isinstance(error, RunLockedError) else EXIT_USAGE


def incomplete(names: Collection[str], console: Console) -> int:
    """Says which files kept a job from doing all of its work, and gives its exit status."""
    console.print(
        f"[bold red]Not all is done:[/] {escape(', '.join(sorted(names)))} in the output cannot be read, and may still "
        "hold what should be gone. Put each back as it was, or delete it, and run this again",
        highlight=False,
    )
    return EXIT_BROKEN


def broken(error: StorageError, console: Console) -> int:
    """Says which file or store ended a job, and gives its exit status."""
    console.print(f"[bold red]The job broke:[/] {escape(str(error))}; run it again", highlight=False)
    return EXIT_BROKEN
