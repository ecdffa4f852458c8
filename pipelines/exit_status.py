"""How jobs end that could not begin. docs/command_line.md lists the statuses of all jobs."""

from __future__ import annotations

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


def broken(error: StorageError, console: Console) -> int:
    """Says which file or store ended a job, and gives its exit status."""
    console.print(f"[bold red]The job broke:[/] {escape(str(error))}; run it again", highlight=False)
    return EXIT_BROKEN
