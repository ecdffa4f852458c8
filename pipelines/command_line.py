"""The command `hushbeam`: reads the options of the given command, imports its module, and runs it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import NoReturn

from cyclopts import App, CycloptsError
from cyclopts import Group as Panel
from cyclopts.completion.detect import ShellDetectionError
from rich.console import Console

from hushbeam import __version__
from hushbeam.pipelines.options.arguments import CommandOptions
from hushbeam.pipelines.options.command import Command, formatter
from hushbeam.pipelines.options.parsing import complain, pipeline_options, read
from hushbeam.pipelines.running.consoles import ReaderGoneError, remarks, results
from hushbeam.pipelines.running.exit_status import EXIT_BROKEN, EXIT_COMPLETED, EXIT_INTERRUPTED, EXIT_USAGE
from hushbeam.pipelines.running.leave import leave
from hushbeam.pipelines.running.starting.start import load_command
from hushbeam.schemas.errors import RunError
from hushbeam.transforms.storage import urls

_PANELS = {
    "Redact and check": {
        "redact": "redact recordings: transcripts, audio, notifications",
        "plan": "estimate the hours, workers and cost of a run",
        "models": "list the models on this machine, and install models",
        "doctor": "check this machine, the options and the models before a run",
        "review": "listen to redacted recordings in a browser, and correct them",
        "audit": "check what past runs published, using only the output",
        "report": "write the report of a run as a page",
    },
    "Operate an archive": {
        "rerender": "redact again with other policies or rules, without transcribing again",
        "expire": "delete redacted audio that is older than a given age",
        "clean": "delete sources that are redacted, verified and certified from a landing zone",
        "erase": "remove every trace of recordings, for good",
        "evaluate": "measure the quality of an output from its reviews",
        "notify": "deliver notifications that earlier runs could not deliver",
        "unseal": "decrypt unredacted transcripts",
        "workers": "serve Beam workers beside a Flink task manager",
    },
}
"""A line of help for each command. The module of the same name in this package has `run(arguments) -> int`, and
`execute` for options that are read already. The module of the same name in `options.commands` declares its options."""

COMMANDS = tuple(name for panel in _PANELS.values() for name in panel)
"""The names of all commands, in the order of the overview."""

_COMPLETION = "--install-completion"
_ASKED_BY_A_SHELL = "__complete"
"""What cyclopts' completion scripts call the command with."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command, and returns its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    name, rest = (given[0], given[1:]) if given else ("", [])
    if name == "help" and rest:
        name, rest = rest[0], ["--help"]
    if name in ("-h", "--help", "help", "--help-all"):
        _show_commands(results())
        return EXIT_COMPLETED
    if name == "--version":
        results().print(f"hushbeam {__version__}", highlight=False)
        return EXIT_COMPLETED
    if name in (_COMPLETION, _ASKED_BY_A_SHELL):
        return _complete(given)
    if not name:
        _show_commands(remarks())
        return EXIT_USAGE
    if name not in COMMANDS:
        near = get_close_matches(name, COMMANDS, n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        complain(f"unknown command {urls.display(name)!r}{meant}")
        return EXIT_USAGE
    options, beam_arguments = read(options_of(name), rest)
    module = load_command(f"{__package__}.{name}", options, beam_arguments)
    status: int
    if options.runs_pipeline:
        status = module.execute(options, pipeline_options(beam_arguments, f"hushbeam {name}"))
    else:
        status = module.execute(options)
    return status


def options_of(name: str) -> type[CommandOptions]:
    """The options of a command. Imports neither Beam nor the command."""
    module = importlib.import_module(f"{__package__}.options.commands.{name}")
    options: type[CommandOptions] = getattr(module, f"{name.capitalize()}Options")
    return options


def application(commands: Mapping[str, App]) -> App:
    """All commands as a cyclopts application, with the given ones in full."""
    app = App(
        name="hushbeam",
        help="Redacts personal data in recorded speech: transcripts and audio.",
        usage="Usage: hushbeam COMMAND [OPTIONS]",
        version=__version__,
        help_format="plaintext",
        help_formatter=formatter(),
    )
    for order, (title, purposes) in enumerate(_PANELS.items()):
        panel = Panel(title, sort_key=order)
        for number, (name, purpose) in enumerate(purposes.items()):
            each = commands.get(name, App(name=name, help_flags=(), version_flags=()))
            each.help, each.group, each.sort_key = purpose, panel, number
            app.command(each)
    other = Panel("Other", sort_key=len(_PANELS))
    app.register_install_completion_command(
        _COMPLETION, help="complete commands and options with the Tab key in your shell", group=other
    )
    app["--help"].group = app["--version"].group = other
    app["--help"].help, app["--version"].help = "show this help", "show the version"
    return app


def _show_commands(console: Console) -> None:
    application({}).help_print([], console=console)
    console.print("hushbeam COMMAND --help lists the options of a command.", markup=False, highlight=False)


def _complete(arguments: list[str]) -> int:
    app = application({name: Command(options_of(name)).application() for name in COMMANDS})
    try:
        app(arguments, result_action="return_value", print_error=False, exit_on_error=False)
    except (ShellDetectionError, CycloptsError):
        complain(f"{_COMPLETION}: this shell is unknown; give --shell bash, --shell zsh or --shell fish")
        return EXIT_USAGE
    except OSError as error:
        complain(f"{_COMPLETION}: {error.strerror}: {error.filename}")
        return EXIT_USAGE
    return EXIT_COMPLETED


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
