"""Checks this machine, the options and the models before a run, and says how to fix each problem.

    hushbeam doctor
    hushbeam doctor --config job.yaml

Takes the options of `hushbeam redact` and checks exactly these; --manifest and --output may be left out. For a
cluster, run it in the workers' image: it checks the machine on which it runs.

Exit status: 0 no problems, perhaps warnings; 2 wrong options; 4 problems.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence

from apache_beam.options.pipeline_options import PipelineOptions
from pydantic import Field
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hushbeam.pipelines.options.parsing import parse
from hushbeam.pipelines.options.redact_options import RedactOptions
from hushbeam.pipelines.running.checks import Check, Outcome, checks
from hushbeam.pipelines.running.command_errors import exit_status_of
from hushbeam.pipelines.running.consoles import counted, results
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_PROBLEMS
from hushbeam.pipelines.running.leave import leave
from hushbeam.transforms.base.metavar import File, Folder

_STYLES = {Outcome.GOOD: "green", Outcome.WARNING: "yellow", Outcome.PROBLEM: "bold red"}


class DoctorOptions(RedactOptions):
    """The options of `hushbeam redact`, none of them required."""

    manifest: tuple[File, ...] = Field(
        (), description="manifests to check: paths, globs in quotes, or object-store URLs"
    )
    output: Folder = Field("", description="folder or object-store URL for all outputs, to check")


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Runs the checks as the command line does, and returns the exit status."""
    console = console or results()
    options, beam_options = parse(DoctorOptions, __doc__ or "", arguments)
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
    table.add_column(width=20)
    table.add_column()
    text = escape(check.detail) + (f"\n[bold]{escape(check.remedy)}[/]" if check.remedy else "")
    table.add_row(f"[{_STYLES[check.outcome]}]{check.outcome}[/]", escape(check.subject), text)
    console.print(table, highlight=False)


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
