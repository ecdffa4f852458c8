"""`hushbeam clean`: deletes sources whose redacted recordings are published, verified and certified."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape

from hushbeam.pipelines.options.ages import duration
from hushbeam.pipelines.options.commands.clean import CleanOptions
from hushbeam.pipelines.options.parsing import parse_without_pipeline
from hushbeam.pipelines.running.command_errors import exit_status_of
from hushbeam.pipelines.running.consoles import printable, remarks
from hushbeam.pipelines.running.exit_status import EXIT_BROKEN, EXIT_COMPLETED
from hushbeam.pipelines.running.leave import leave
from hushbeam.pipelines.running.locked import locked
from hushbeam.pipelines.running.outputs import check_writable, folder_of, output_of_runs
from hushbeam.pipelines.running.terminal import print_for_machines, waiting
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.archive.certificate import read_public_key
from hushbeam.transforms.base.plurals import counted
from hushbeam.transforms.retention.clean import Cleaned, Conditions, clean
from hushbeam.transforms.storage import urls


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Cleans as the command line does, and returns the exit status."""
    options = parse_without_pipeline(CleanOptions, arguments)
    return execute(options, console)


def execute(options: CleanOptions, console: Console | None = None) -> int:
    """Does what the options say, and returns the exit status."""
    console = console or remarks()
    return exit_status_of(lambda: _clean(options, console), console)


def _clean(options: CleanOptions, console: Console) -> int:
    output = output_of_runs(options.output)
    landing_zone = folder_of("--landing_zone", options.landing_zone, "name the one that the recordings were read from")
    listed = urls.normalised(options.list_file)
    for root, what in ((output, "the output"), (landing_zone, "the landing zone")):
        if urls.is_within(listed, root):
            raise ConfigurationError(f"--list: it lies in {what}; name a file outside of it")
    check_writable(options.output)
    now = datetime.now(UTC)
    key = read_public_key(options.certificate_public_key) if options.certificate_public_key else None
    conditions = Conditions(output, landing_zone, now - duration(options.older_than), key)
    before = now - duration(options.grace) if options.delete else None
    with locked(output, f"clean-{uuid.uuid4().hex[:6]}", console, wait=options.wait_for_lock) as lock:
        with waiting(console, "checking sources"):
            cleaned = clean(conditions, listed, listed_before=before, now=now)
        lock.check()
    if options.print_json:
        print_for_machines(
            {
                "deleted": [asdict(due) for due in cleaned.deleted],
                "listed": len(cleaned.listed),
                "kept": cleaned.kept,
                "undeletable": [asdict(due) for due in cleaned.undeletable],
            }
        )
    else:
        _print(cleaned, listed, options, console)
    return EXIT_BROKEN if cleaned.undeletable else EXIT_COMPLETED


def _print(cleaned: Cleaned, listed: str, options: CleanOptions, console: Console) -> None:
    sources = len({due.source for due in cleaned.deleted})
    console.print(f"[bold]{counted(sources, 'source')} deleted[/]", highlight=False)
    when = f"--delete deletes them {options.grace} after they were listed"
    console.print(
        f"{counted(len({due.source for due in cleaned.listed}), 'source')} due, in {escape(printable(listed))}; {when}",
        highlight=False,
        soft_wrap=True,
    )
    if cleaned.kept:
        reasons = ", ".join(f"{reason.replace('_', ' ')} {count}" for reason, count in sorted(cleaned.kept.items()))
        console.print(f"Kept: {reasons}", highlight=False, soft_wrap=True)
    if cleaned.undeletable:
        console.print(
            f"[bold red]Not deleted:[/] {counted(len(cleaned.undeletable), 'source')}; check the permissions",
            highlight=False,
        )


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
