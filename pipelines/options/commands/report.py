"""Writes the report of a run as an HTML page and as JSON.

    hushbeam report --output out/
    hushbeam report --output out/ --run_id nightly-2026-11-23 --worker_types core:12:0.04
    hushbeam report --output out/ --page_file night.html

A run writes its own report if its command waits for it to end. Beside a run, the report is written under the lock of
the output. With --page_file, nothing in the output changes, and another job may be at work there.

Exit status: 0 done; 2 wrong options; 5 another job is at work on the output.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from hushbeam.pipelines.options.arguments import CommandOptions
from hushbeam.pipelines.options.common import CertificateKey, PastOutput, PrintJson, RunId, WaitForLock
from hushbeam.pipelines.options.worker_types import WorkerTypes
from hushbeam.transforms.base.metavar import File


class ReportOptions(CommandOptions):
    """All options of the command."""

    runs_pipeline: ClassVar[bool] = False

    output: PastOutput
    run_id: RunId | None = Field(None, description="run to report on; by default the latest")
    page_file: File | None = Field(
        None, description="file for the page instead of the folder of the run, a path or an object-store URL"
    )
    worker_types: WorkerTypes = ()
    certificate_key: CertificateKey = None
    wait_for_lock: WaitForLock = None
    print_json: PrintJson = False
