"""`hushbeam`: all jobs under one name. `hushbeam run …` is the same as `python -m pipelines.redact …`."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple, NoReturn

from rich.console import Console
from rich.table import Table

from pipelines.leave import leave
from pipelines.speaking import remarks, results
from schemas.errors import RunError

# As in pipelines.exit_status, which would load Beam to print a list of names.
_EXIT_BROKEN, _EXIT_USAGE, _EXIT_INTERRUPTED = 1, 2, 130


class Command(NamedTuple):
    """One of the jobs.

    Attributes:
      module: Has `run(arguments) -> int`.
      purpose: A line for the overview.
    """

    module: str
    purpose: str


_ALL = {
    "run": Command("pipelines.redact", "redact what the manifests list: transcripts, audio, notifications"),
    "plan": Command("pipelines.plan", "say what a run would do, how long it would take and what it would cost"),
    "doctor": Command("pipelines.doctor", "check models, codecs, credentials, libraries and disk before a run"),
    "audit": Command("pipelines.audit", "re-check what past runs published, from the output alone"),
    "report": Command("pipelines.report", "write the report of a run as a page"),
    "review": Command("pipelines.review", "look at redacted recordings in a browser, and correct them"),
    "evaluate": Command("pipelines.evaluate", "measure the quality of an output, from what was reviewed of it"),
    "notify": Command("pipelines.notify", "deliver the notifications that earlier runs could not"),
    "rerender": Command("pipelines.rerender", "redact again with other rules, without transcribing again"),
    "unseal": Command("pipelines.unseal", "open unredacted transcripts, for those who have their key"),
    "expire": Command("pipelines.expire", "delete redacted recordings whose time is over"),
    "erase": Command("pipelines.erase", "remove every trace of recordings, and keep them from coming back"),
    "workers": Command("pipelines.workers", "start Beam's workers beside a Flink task manager"),
}


def commands() -> dict[str, Command]:
    """The jobs that are installed, by name."""
    return {name: command for name, command in _ALL.items() if importlib.util.find_spec(command.module)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a job, and gives its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    name, rest = (given[0], given[1:]) if given else ("", [])
    if name in ("-h", "--help", "help"):
        _show_commands(results())
        return 0
    if name == "--version":
        results().print(f"hushbeam {_version()}", highlight=False)
        return 0
    command = commands().get(name)
    if command is None:
        console = remarks()
        if name:
            near = get_close_matches(name, commands(), n=1)
            console.print(
                f"hushbeam: no command {name!r}" + (f"; did you mean {near[0]}?" if near else ""), markup=False
            )
        _show_commands(console)
        return _EXIT_USAGE
    sys.argv = [f"hushbeam {name}", *rest]  # what the job's --help calls it
    status: int = importlib.import_module(command.module).run(rest)
    return status


def _show_commands(console: Console) -> None:
    console.print("usage: hushbeam COMMAND [options]      hushbeam COMMAND --help", markup=False, highlight=False)
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, command in commands().items():
        table.add_row(f"  {name}", command.purpose)
    console.print(table)


def _version() -> str:
    try:
        return version("hushbeam")
    except PackageNotFoundError:
        return "(not installed)"


def entry() -> NoReturn:
    """The installed command."""
    try:
        status = main()
    except KeyboardInterrupt:  # while libraries are loaded, which takes seconds
        status = _EXIT_INTERRUPTED
    except RunError as error:
        remarks().print(str(error), markup=False, highlight=False)
        status = _EXIT_BROKEN
    leave(status)


if __name__ == "__main__":
    entry()
