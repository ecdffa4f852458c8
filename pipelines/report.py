"""Writes the report of a run as an HTML page.

    hushbeam report --output out/
    hushbeam report --output out/ --run_id nightly-2026-11-23

A run writes its own report if its command waits for it to end.

Exit status: 0 done; 2 wrong options.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field
from rich.console import Console
from rich.markup import escape

from hushbeam.pipelines.options.common import CertificateKey, PastOutput, RunId
from hushbeam.pipelines.options.parsing import parse_without_pipeline
from hushbeam.pipelines.running.command_errors import exit_status_of
from hushbeam.pipelines.running.consoles import results
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED
from hushbeam.pipelines.running.leave import leave
from hushbeam.pipelines.running.outputs import check_writable, output_of_runs
from hushbeam.transforms.archive.certificate import read_private_key
from hushbeam.transforms.archive.tables.file_lists import write_listed
from hushbeam.transforms.base.temporary_files import check_temporary_files
from hushbeam.transforms.report_run import newest_run, read_figures, render, report_url


class ReportOptions(BaseModel):
    """All options of the command."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    output: PastOutput
    run_id: RunId | None = Field(None, description="run to report on; by default the latest")
    certificate_key: CertificateKey = None


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Writes the report as the command line does, and returns its exit status."""
    console = console or results()
    options = parse_without_pipeline(ReportOptions, __doc__ or "", arguments)
    return exit_status_of(lambda: _report(options, console), console)


def _report(options: ReportOptions, console: Console) -> int:
    check_temporary_files()
    output = output_of_runs(options.output)
    check_writable(options.output)
    run_id = options.run_id or newest_run(output)
    key = read_private_key(options.certificate_key)
    page = render(read_figures(output, run_id)).encode()
    write_listed(output, run_id, f"runs/{run_id}/report.html", page, key)
    console.print(f"Report: {escape(report_url(output, run_id))}", highlight=False, soft_wrap=True)
    return EXIT_COMPLETED


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
