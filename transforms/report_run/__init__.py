"""Report of a run: a page for people, made from the files that the run wrote."""

from hushbeam.transforms.report_run.facts import Cost, facts
from hushbeam.transforms.report_run.figures import RunFigures, newest_run, read_canaries, read_figures, read_recordings
from hushbeam.transforms.report_run.page import FACTS, PAGE, contents, render, report_url, write_report

__all__ = [
    "FACTS",
    "PAGE",
    "Cost",
    "RunFigures",
    "contents",
    "facts",
    "newest_run",
    "read_canaries",
    "read_figures",
    "read_recordings",
    "render",
    "report_url",
    "write_report",
]
