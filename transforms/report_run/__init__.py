"""Report of a run: a page for people, made from the files that the run wrote."""

from hushbeam.transforms.report_run.figures import RunFigures, newest_run, read_canaries, read_figures
from hushbeam.transforms.report_run.page import render, report_url, write_report
from hushbeam.transforms.report_run.timings import Sample, StageTime, Timings, read_timings, stage_times, write_timings

__all__ = [
    "RunFigures",
    "Sample",
    "StageTime",
    "Timings",
    "newest_run",
    "read_canaries",
    "read_figures",
    "read_timings",
    "render",
    "report_url",
    "stage_times",
    "write_report",
    "write_timings",
]
