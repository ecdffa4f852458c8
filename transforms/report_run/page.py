"""Report page of a run, `runs/RUN_ID/report.html`: one HTML file that needs no network."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import inf

from jinja2 import Environment, PackageLoader, StrictUndefined

from hushbeam.transforms.report_run import charts
from hushbeam.transforms.report_run.figures import Histogram, RunFigures
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.urls import join

_MINUTE_S = 60
_HOUR_S = 3600


def report_url(output: str, run_id: str) -> str:
    """The URL of a run's report."""
    return join(output, "runs", run_id, "report.html")


def write_report(output: str, figures: RunFigures) -> str:
    """Writes the report of a run beside its summary, and returns its URL."""
    url = report_url(output, figures.summary["run_id"])
    files.write_bytes(url, render(figures).encode())
    return url


def render(figures: RunFigures) -> str:
    """Returns the page: counts, times, and names of policies and models, but no id or word of a recording."""
    page = _environment().get_template("report.html.j2")
    samples = figures.timings.samples if figures.timings else ()
    return page.render(
        figures=figures,
        width=charts.WIDTH,
        height=charts.HEIGHT,
        scores=charts.bars(figures.scores, _labels(figures.scores, "{:.2f}".format)),
        durations=charts.bars(figures.durations, _labels(figures.durations, duration)),
        throughput=charts.throughput(samples),
        trends=[(rate, charts.trend(rate)) for rate in figures.rates],
    )


def duration(seconds: float) -> str:
    """`45 s`, `3 min`, `2.5 h`."""
    if seconds < _MINUTE_S:
        return f"{seconds:.0f} s"
    if seconds < _HOUR_S:
        return f"{seconds / _MINUTE_S:.0f} min"
    return f"{seconds / _HOUR_S:.1f} h"


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("hushbeam.transforms.report_run", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["duration"] = duration
    return environment


def _labels(histogram: Histogram, shown: Callable[[float], str]) -> list[str]:
    return [
        f"{shown(low)} or more" if high == inf else f"{shown(low)} to {shown(high)}"
        for low, high in pairwise(histogram.edges)
    ]
