"""`hushbeam expire`: deletes redacted audio that is older than a given age, and marks its status objects as expired."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Console

from hushbeam.pipelines.options.commands.expire import ExpireOptions
from hushbeam.pipelines.options.parsing import parse_without_pipeline
from hushbeam.pipelines.running.command_errors import exit_status_of, incomplete
from hushbeam.pipelines.running.consoles import remarks
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED
from hushbeam.pipelines.running.leave import leave
from hushbeam.pipelines.running.locked import locked
from hushbeam.pipelines.running.outputs import check_writable, output_of_runs, signing_key
from hushbeam.pipelines.running.terminal import print_for_machines, waiting
from hushbeam.transforms.archive.runs.table_format import recorded_format
from hushbeam.transforms.base.plurals import counted
from hushbeam.transforms.begin_run import check_signed_as_before
from hushbeam.transforms.retention.expire import expire
from hushbeam.transforms.storage import files
from hushbeam.transforms.table_formats import check_format, update_tables


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Expires as the command line does, and returns the exit status."""
    options = parse_without_pipeline(ExpireOptions, arguments)
    return execute(options, console)


def execute(options: ExpireOptions, console: Console | None = None) -> int:
    """Does what the options say, and returns the exit status."""
    console = console or remarks()
    return exit_status_of(lambda: _expire(options, console), console)


def _expire(options: ExpireOptions, console: Console) -> int:
    output = output_of_runs(options.output)
    check_writable(options.output)
    key = signing_key(output, options.certificate_key)
    check_format(output, recorded_format(output))
    before = datetime.now(UTC) - options.age
    run_id = f"expire-{uuid.uuid4().hex[:6]}"
    with locked(output, run_id, console, wait=options.wait_for_lock) as lock:
        check_signed_as_before(output, options.certificate_key)  # again: the first run may have ended meanwhile
        files.remove_incomplete(output)
        with waiting(console, "deleting redacted audio"):
            expired = expire(output, before, key)
            update_tables(output, run_id)
        lock.check()
    if options.print_json:
        print_for_machines({"recordings": expired.recordings, "files": expired.files})
    else:
        is_nothing = not (expired.recordings or expired.files or expired.damaged)
        why = f": no redacted audio that is left is older than {options.older_than}" if is_nothing else ""
        done = f"[bold]{counted(expired.recordings, 'recording')} expired[/], {counted(expired.files, 'file')} deleted"
        console.print(f"{done}{why}", highlight=False)
    return incomplete(expired.damaged, console) if expired.damaged else EXIT_COMPLETED


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
