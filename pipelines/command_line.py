"""The command `hushbeam`: finds the module of the command that was given, and runs it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from typing import NoReturn

from rich.console import Console
from rich.table import Table

from hushbeam import __version__
from hushbeam.pipelines.running.leave import leave
from hushbeam.pipelines.running.speaking import remarks, results
from hushbeam.schemas.errors import RunError

# As in hushbeam.pipelines.running.exit_status, which would load Beam to print a list of names.
_EXIT_BROKEN, _EXIT_USAGE, _EXIT_INTERRUPTED = 1, 2, 130


_PURPOSES = {
    "redact": "redact what the manifests list: transcripts, audio, notifications",
    "plan": "say what a run would do, how long it would take and what it would cost",
    "doctor": "check models, codecs, credentials, libraries and disk before a run",
    "audit": "re-check what past runs published, from the output alone",
    "report": "write the report of a run as a page",
    "review": "look at redacted recordings in a browser, and correct them",
    "evaluate": "measure the quality of an output, from what was reviewed of it",
    "notify": "deliver the notifications that earlier runs could not",
    "rerender": "redact again with other rules, without transcribing again",
    "unseal": "open unredacted transcripts, for those who have their key",
    "expire": "delete redacted recordings whose time is over",
    "erase": "remove every trace of recordings, and keep them from coming back",
    "workers": "start Beam's workers beside a Flink task manager",
}
"""A line for each command. The module of its name in this package has `run(arguments) -> int`."""

COMMANDS = tuple(_PURPOSES)
"""The names of all commands, in the order of the overview."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a job, and gives its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    name, rest = (given[0], given[1:]) if given else ("", [])
    if name in ("-h", "--help", "help"):
        _show_commands(results())
        return 0
    if name == "--version":
        results().print(f"hushbeam {__version__}", highlight=False)
        return 0
    if name not in COMMANDS:
        console = remarks()
        if name:
            near = get_close_matches(name, COMMANDS, n=1)
            console.print(
                f"hushbeam: no command {name!r}" + (f"; did you mean {near[0]}?" if near else ""), markup=False
            )
        _show_commands(console)
        return _EXIT_USAGE
    sys.argv = [f"hushbeam {name}", *rest]  # what the job's --help calls it
    status: int = importlib.import_module(f"{__package__}.{name}").run(rest)
    return status


def _show_commands(console: Console) -> None:
    console.print("usage: hushbeam COMMAND [options]      hushbeam COMMAND --help", markup=False, highlight=False)
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, purpose in _PURPOSES.items():
        table.add_row(f"  {name}", purpose)
    console.print(table)


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
