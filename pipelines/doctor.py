"""`hushbeam doctor`: checks this machine, the options and the models before a run, and says how to fix each problem."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence

from apache_beam.options.pipeline_options import PipelineOptions
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hushbeam.pipelines.options.commands.doctor import DoctorOptions
from hushbeam.pipelines.options.parsing import parse
from hushbeam.pipelines.running.checks import Check, Outcome, checks
from hushbeam.pipelines.running.command_errors import exit_status_of
from hushbeam.pipelines.running.consoles import results
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_PROBLEMS
from hushbeam.pipelines.running.leave import leave
from hushbeam.transforms.base.plurals import counted

_STYLES = {Outcome.GOOD: "green", Outcome.WARNING: "yellow", Outcome.PROBLEM: "bold red"}


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Runs the checks as the command line does, and returns the exit status."""
    options, beam_options = parse(DoctorOptions, arguments)
    return execute(options, beam_options, console)


def execute(options: DoctorOptions, beam_options: PipelineOptions, console: Console | None = None) -> int:
    """Does what the options say, and returns the exit status."""
    console = console or results()
    return exit_status_of(lambda: _check(options, beam_options, console), console)


def _check(options: DoctorOptions, beam_options: PipelineOptions, console: Console) -> int:
    done = []
    for check in checks(options, beam_options):
        done.append(check)
        if not options.print_json:
            _show(console, check)
    counts = Counter(check.outcome for check in done)
    if options.print_json:
        console.print_json(data={"problems": counts[Outcome.PROBLEM], "checks": [check.as_json() for check in done]})
    else:
        problems, warnings = (counted(counts[one], one.value) for one in (Outcome.PROBLEM, Outcome.WARNING))
        console.print(f"{problems}, {warnings}", highlight=False)
    return EXIT_PROBLEMS if counts[Outcome.PROBLEM] else EXIT_COMPLETED


def _show(console: Console, check: Check) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column(width=7)
    table.add_column(width=22)
    table.add_column()
    text = escape(check.detail) + (f"\n[bold]{escape(check.remedy)}[/]" if check.remedy else "")
    table.add_row(f"[{_STYLES[check.outcome]}]{check.outcome}[/]", escape(check.subject), text)
    console.print(table, highlight=False)


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
