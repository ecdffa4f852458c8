"""Report page of a run, `runs/RUN_ID/report.html`: one HTML file that needs no network."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from math import inf
from statistics import median
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from hushbeam import __version__
from hushbeam.schemas.delivery import NOT_REQUESTED
from hushbeam.transforms.archive.runs.summary import ignored_keys_told
from hushbeam.transforms.archive.runs.timings import Sample
from hushbeam.transforms.base.pages import duration, page_environment, with_code
from hushbeam.transforms.base.plurals import counted
from hushbeam.transforms.report_run import charts
from hushbeam.transforms.report_run.drift import FEWEST_RUNS, Rate
from hushbeam.transforms.report_run.facts import Cost, all_policies, facts, policy_rows
from hushbeam.transforms.report_run.figures import Histogram, RunFigures
from hushbeam.transforms.report_run.verdict import doubts, needs, review_command, verdict
from hushbeam.transforms.storage import files, urls
from hushbeam.transforms.storage.urls import join

PAGE, FACTS = "report.html", "report.json"
"""The names of a report's files in the folder of its run."""

_MOST_NEEDS = 12
_MOST_POLICIES = 40
_MOST_MESSAGE = 300
_LEAST_STAGE = 0.01
_VERIFICATION = {
    "passed": "passed",
    "nothing_to_verify": "had nothing to verify",
    "not_sampled": "were not in the sample",
    "off": "were not verified (--verify off)",
}


def report_url(output: str, run_id: str) -> str:
    """The URL of a run's report."""
    return join(output, "runs", run_id, PAGE)


def write_report(output: str, figures: RunFigures, costs: Sequence[Cost] = ()) -> str:
    """Writes the report of a run beside its summary, as a page and as JSON, and returns the URL of the page."""
    run_id = figures.summary["run_id"]
    for name, content in contents(figures, costs).items():
        files.write_bytes(join(output, "runs", run_id, name), content)
    return report_url(output, run_id)


def contents(figures: RunFigures, costs: Sequence[Cost] = ()) -> dict[str, bytes]:
    """The files of a report by name."""
    page = render(figures, costs).encode()
    return {FACTS: (json.dumps(facts(figures, costs), indent=1, sort_keys=True) + "\n").encode(), PAGE: page}


def render(figures: RunFigures, costs: Sequence[Cost] = (), *, is_beside_the_run: bool = True) -> str:
    """Returns the page: counts, times, and names of policies and models, but no id or word of a recording.

    Args:
      is_beside_the_run: Whether links to other files of the run lead there.
    """
    page = _environment().get_template("report.html.j2")
    all_needs, policies = needs(figures), policy_rows(figures)
    samples = figures.timings.samples if figures.timings else ()
    return page.render(
        figures=figures,
        version=__version__,
        verdict=verdict(figures),
        needs=all_needs[:_MOST_NEEDS],
        other_needs=all_needs[_MOST_NEEDS:],
        doubts=doubts(figures),
        review_command=review_command(figures.output),
        output=urls.display(figures.output),
        is_beside_the_run=is_beside_the_run,
        note=ignored_keys_told(figures.summary),
        policies=policies[:_MOST_POLICIES],
        other_policies=policies[_MOST_POLICIES:],
        all_policies=all_policies(figures),
        verified=[f"{n:,} {_VERIFICATION.get(outcome, outcome)}" for outcome, n in figures.verification.items()],
        width=charts.WIDTH,
        height=charts.HEIGHT,
        histograms=[
            histogram
            for histogram in (
                _histogram("Lengths of published recordings", figures.durations, duration),
                _histogram("Scores of findings", figures.scores, "{:.2f}".format),
            )
            if histogram is not None
        ],
        throughput=charts.throughput(samples),
        trends=[(rate, charts.trend(rate) if any((rate.value, *rate.earlier)) else None) for rate in _trends(figures)],
        earlier=len(figures.rates[0].earlier) if figures.rates else 0,
        fewest_runs=FEWEST_RUNS,
        throughput_ticks=_times(samples),
        notifications=_notifications(figures),
        files=[FACTS, "summary.json", *(["timings.json"] if figures.timings else [])],
        stages=_stages(figures),
        costs=costs,
    )


def _trends(figures: RunFigures) -> tuple[Rate, ...]:
    if figures.speed is None:
        return figures.rates
    return (*figures.rates, Rate("Speed", "× real time", figures.speed, figures.speeds, None, None))


def _histogram(title: str, histogram: Histogram, shown: Callable[[float], str]) -> dict[str, Any] | None:
    """A histogram for the template; None if it would say no more than a sentence."""
    if not charts.is_informative(histogram):
        return None
    drawn = charts.occupied(histogram)
    return {
        "title": title,
        "bars": charts.bars(drawn, _labels(drawn, shown)),
        "ticks": charts.ticks(drawn.edges, shown),
    }


def _stages(figures: RunFigures) -> list[tuple[str, float, float]]:
    """Name, seconds and share of the stages that took most of the time, and of the others together."""
    stages = figures.timings.stages if figures.timings else ()
    total = sum(stage.elapsed_s for stage in stages)
    if not total:
        return []
    rows = [(stage.name, stage.elapsed_s, stage.elapsed_s / total) for stage in stages]
    shown = [row for row in rows if row[-1] >= _LEAST_STAGE]
    rest_s = total - sum(seconds for _, seconds, _ in shown)
    return [*shown, ("others", rest_s, rest_s / total)] if len(shown) < len(rows) else shown


def _times(samples: Sequence[Sample]) -> tuple[charts.Tick, ...]:
    end_s = samples[-1].elapsed_s if samples else 0.0
    return charts.ticks([end_s * part / 4 for part in range(5)], duration)


def _notifications(figures: RunFigures) -> list[str]:
    """Notifications by outcome; nothing if none was requested."""
    outcomes = {outcome: n for outcome, n in figures.deliveries.items() if outcome != NOT_REQUESTED}
    return [f"{n:,} {outcome.replace('_', ' ')}" for outcome, n in outcomes.items()]


def sentence(message: str) -> Markup:
    """A message as a sentence of a length that fits a page; what is in backticks is set as code."""
    text = message if len(message) <= _MOST_MESSAGE else f"{message[:_MOST_MESSAGE].rstrip()}…"
    text = text[:1].upper() + text[1:]
    if not text.endswith((".", "…", "?", "!")):
        text += "."
    return with_code(text)


@cache
def _environment() -> Environment:
    environment = page_environment("hushbeam.transforms.report_run")
    environment.filters |= {"counted": counted, "median": median, "sentence": sentence}
    return environment


def _labels(histogram: Histogram, shown: Callable[[float], str]) -> list[str]:
    return [
        f"{shown(low)} or more" if high == inf else f"{shown(low)} to {shown(high)}"
        for low, high in pairwise(histogram.edges)
    ]
