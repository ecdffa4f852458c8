"""Report of a run: a page for people, made from the files that the run wrote."""

from hushbeam.transforms.report_run.figures import RunFigures, newest_run, read_canaries, read_figures
from hushbeam.transforms.report_run.page import render, report_url, write_report

__all__ = [
    "RunFigures",
    "newest_run",
    "read_canaries",
    "read_figures",
    "render",
    "report_url",
    "write_report",
]
