"""`hushbeam report`: writes the report of a run as an HTML page and as JSON."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from hushbeam.pipelines.options.commands.report import ReportOptions
from hushbeam.pipelines.options.parsing import parse_without_pipeline
from hushbeam.pipelines.running.command_errors import exit_status_of
from hushbeam.pipelines.running.consoles import remarks, results
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED
from hushbeam.pipelines.running.leave import leave
from hushbeam.pipelines.running.locked import locked
from hushbeam.pipelines.running.outputs import check_writable, output_of_runs, page_url, signing_key
from hushbeam.pipelines.running.reporting.costs import costs_of
from hushbeam.pipelines.running.terminal import print_for_machines
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.archive.run_lock import RunLockedError
from hushbeam.transforms.archive.tables.file_lists import write_listed
from hushbeam.transforms.base.temporary_files import check_temporary_files
from hushbeam.transforms.begin_run import check_signed_as_before
from hushbeam.transforms.report_run import (
    RunFigures,
    contents,
    facts,
    newest_run,
    read_figures,
    render,
    report_url,
)
from hushbeam.transforms.storage import files, urls
from hushbeam.transforms.storage.errors import MissingFileError, StorageError

_READINGS = 3
"""A job replaces a table file in a moment; the second reading finds the new one."""


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Writes the report as the command line does, and returns its exit status."""
    options = parse_without_pipeline(ReportOptions, arguments)
    return execute(options, console)


def execute(options: ReportOptions, console: Console | None = None) -> int:
    """Does what the options say, and returns the exit status."""
    console = console or (remarks() if options.print_json else results())
    return exit_status_of(lambda: _report(options, console), console)


def _report(options: ReportOptions, console: Console) -> int:
    check_temporary_files()
    output = output_of_runs(options.output)
    if options.page_file is None:
        figures = _write_beside_the_run(options, output, console)
        report = report_url(output, figures.summary["run_id"])
    else:
        report = page_url("--page_file", options.page_file, output)
        figures = _read_while_others_write(output, options.run_id)
        _write_page(report, render(figures, costs_of(figures, options.worker_types), is_beside_the_run=False))
    if options.print_json:
        print_for_machines(facts(figures, costs_of(figures, options.worker_types)) | {"report": report})
    else:
        console.print(f"Report: {escape(urls.display(report))}", highlight=False, soft_wrap=True)
    return EXIT_COMPLETED


def _write_beside_the_run(options: ReportOptions, output: str, console: Console) -> RunFigures:
    check_writable(options.output)
    key = signing_key(output, options.certificate_key)
    try:
        # A job that ends meanwhile would change the list of the run's files too, and one of the changes would be lost.
        with locked(output, f"report-{uuid.uuid4().hex[:6]}", console, wait=options.wait_for_lock):
            check_signed_as_before(output, options.certificate_key)  # again: the first run may have ended meanwhile
            figures = read_figures(output, options.run_id or newest_run(output))
            run_id = figures.summary["run_id"]
            for name, content in contents(figures, costs_of(figures, options.worker_types)).items():
                write_listed(output, run_id, f"runs/{run_id}/{name}", content, key)
    except RunLockedError as error:
        raise RunLockedError(f"{error}. To have the report now, write it elsewhere: --page_file report.html") from None
    return figures


def _read_while_others_write(output: str, run_id: str | None) -> RunFigures:
    for _ in range(_READINGS):
        try:
            return read_figures(output, run_id or newest_run(output))
        except MissingFileError:
            continue
    raise ConfigurationError("--output: a job is replacing its tables; try again when it has ended")


def _write_page(url: str, page: str) -> None:
    try:
        files.write_bytes(url, page.encode())
    except StorageError as error:
        raise ConfigurationError(f"--page_file: {error}") from None


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
