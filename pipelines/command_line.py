"""The command `hushbeam`: finds the module of the given command, and runs it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from typing import NoReturn

from rich.console import Console

from hushbeam import __version__
from hushbeam.pipelines.running.consoles import ReaderGoneError, remarks, results
from hushbeam.pipelines.running.exit_status import EXIT_BROKEN, EXIT_COMPLETED, EXIT_INTERRUPTED, EXIT_USAGE
from hushbeam.pipelines.running.leave import leave
from hushbeam.schemas.errors import RunError

_GROUPS = {
    "redact and check": {
        "redact": "redact recordings: transcripts, audio, notifications",
        "plan": "estimate the hours, workers and cost of a run",
        "doctor": "check this machine, the options and the models before a run",
        "review": "listen to redacted recordings in a browser, and correct them",
        "audit": "check what past runs published, using only the output",
        "report": "write the report of a run as a page",
    },
    "operate an archive": {
        "rerender": "redact again with other policies or rules, without transcribing again",
        "expire": "delete redacted audio that is older than a given age",
        "erase": "remove every trace of recordings, for good",
        "evaluate": "measure the quality of an output from its reviews",
        "notify": "deliver notifications that earlier runs could not deliver",
        "unseal": "decrypt unredacted transcripts",
        "workers": "serve Beam workers beside a Flink task manager",
    },
}
"""A line of help for each command. The module of the same name in this package has `run(arguments) -> int`."""

COMMANDS = tuple(name for group in _GROUPS.values() for name in group)
"""The names of all commands, in the order of the overview."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command, and returns its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    name, rest = (given[0], given[1:]) if given else ("", [])
    if name in ("-h", "--help", "help"):
        _show_commands(results())
        return EXIT_COMPLETED
    if name == "--version":
        results().print(f"hushbeam {__version__}", highlight=False)
        return EXIT_COMPLETED
    if name not in COMMANDS:
        console = remarks()
        if name:
            near = get_close_matches(name, COMMANDS, n=1)
            console.print(
                f"hushbeam: unknown command {name!r}" + (f"; did you mean {near[0]}?" if near else ""), markup=False
            )
        _show_commands(console)
        return EXIT_USAGE
    sys.argv = [f"hushbeam {name}", *rest]  # the name in the command's --help
    status: int = importlib.import_module(f"{__package__}.{name}").run(rest)
    return status


def _show_commands(console: Console) -> None:
    console.print("usage: hushbeam COMMAND [options]", markup=False, highlight=False)
    for title, purposes in _GROUPS.items():
        console.print(f"\n{title}:", highlight=False)
        for name, purpose in purposes.items():
            console.print(f"  {name:10}{purpose}", highlight=False)
    console.print("\nhushbeam COMMAND --help lists the options of a command.", markup=False, highlight=False)


def entry() -> NoReturn:
    """Entry point of the installed command."""
    try:
        status = main()
    except KeyboardInterrupt:  # Ctrl-C while libraries load, which takes seconds
        status = EXIT_INTERRUPTED
    except ReaderGoneError:
        status = EXIT_BROKEN
    except RunError as error:
        remarks().print(str(error), markup=False, highlight=False)
        status = EXIT_BROKEN
    leave(status)


if __name__ == "__main__":
    entry()
