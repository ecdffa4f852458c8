"""Makes the report of a run again, or of one that nobody waited for.

    hushbeam report --output out/ [--run_id RUN]

The job writes it by itself where it waits for its runner. Ends with 0, or with 2 where the options are wrong.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field
from rich.console import Console
from rich.markup import escape

from hushbeam.pipelines.options.parsing import RUN_ID_PATTERN, parse
from hushbeam.pipelines.running.exit_status import finished
from hushbeam.pipelines.running.leave import leave
from hushbeam.pipelines.running.speaking import results
from hushbeam.transforms.archive.certificate import read_private_key
from hushbeam.transforms.archive.tables.file_lists import write_listed
from hushbeam.transforms.base.secrets import SecretReference
from hushbeam.transforms.base.temporary_files import check_temporary_files
from hushbeam.transforms.report_run import newest_run, read_figures, render, report_url
from hushbeam.transforms.storage import urls

EXIT_WRITTEN = 0


class ReportOptions(BaseModel):
    """All options of the job."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    output: str = Field(min_length=1, description="folder or object-store URL that the runs wrote to")
    run_id: str | None = Field(
        None, pattern=RUN_ID_PATTERN, description="of which run (default: the one that began last)"
    )
    certificate_key: SecretReference | None = Field(
        None, description="signs the list of the run's files again, as the run did"
    )


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Writes the report as the command line does, and gives its exit status."""
    console = console or results()
    options, _ = parse(ReportOptions, __doc__ or "", arguments)
    return finished(lambda: _report(options, console), console)


def _report(options: ReportOptions, console: Console) -> int:
    check_temporary_files()
    output = urls.normalised(options.output)
    run_id = options.run_id or newest_run(output)
    key = read_private_key(options.certificate_key) if options.certificate_key else None
    page = render(read_figures(output, run_id)).encode()
    write_listed(output, run_id, f"runs/{run_id}/report.html", page, key)
    console.print(f"Report: {escape(report_url(output, run_id))}", highlight=False, soft_wrap=True)
    return EXIT_WRITTEN


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
