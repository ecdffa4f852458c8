"""Geometry of the report's plots in the units of an SVG view box; `report.html.j2` draws them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from hushbeam.transforms.archive.runs.timings import Sample
from hushbeam.transforms.report_run.drift import Rate
from hushbeam.transforms.report_run.figures import Histogram

WIDTH, HEIGHT = 640, 160
_GAP = 2
_STRETCHES = 40
_MOST_TICKS = 6
_FEWEST_BARS, _FEWEST_VALUES = 3, 20
_SHORT_RUN_S = 300.0


@dataclass(frozen=True)
class Bar:
    """One bar of a histogram. `label` is the range of its values, `count` their number."""

    x: float
    y: float
    width: float
    height: float
    label: str
    count: int


@dataclass(frozen=True)
class Tick:
    """A mark on an axis, as its distance from the left in percent of the width."""

    left: float
    label: str


@dataclass(frozen=True)
class Line:
    """A line through points (`x,y x,y …`), with the highest value and the unit of its axis."""

    points: str
    highest: float
    unit: str


@dataclass(frozen=True)
class Trend:
    """A rate over runs: a line for all runs, a dot for this one, and a strip for the expected range."""

    points: str
    dot_x: float
    dot_y: float
    strip_y: float | None
    strip_height: float


def occupied(histogram: Histogram) -> Histogram:
    """The histogram without empty bars at its ends."""
    used = [index for index, count in enumerate(histogram.counts) if count]
    first, last = (used[0], used[-1] + 1) if used else (0, len(histogram.counts))
    return Histogram(histogram.edges[first : last + 1], histogram.counts[first:last])


def is_informative(histogram: Histogram) -> bool:
    """Whether a plot tells more than a sentence would."""
    return sum(map(bool, histogram.counts)) >= _FEWEST_BARS and sum(histogram.counts) >= _FEWEST_VALUES


def ticks(edges: Sequence[float], shown: Callable[[float], str]) -> tuple[Tick, ...]:
    """Marks at some of the edges between bars. All bars are equally wide."""
    intervals = len(edges) - 1
    step = -(-intervals // (_MOST_TICKS - 1))
    return tuple(
        Tick(100 * index / intervals, shown(edge))
        for index, edge in enumerate(edges)
        if index % step == 0 and math.isfinite(edge)
    )


def bars(histogram: Histogram, labels: Sequence[str]) -> tuple[Bar, ...]:
    """The bars of a histogram, scaled so that the highest fills the view box."""
    highest = max(histogram.counts, default=0) or 1
    width = WIDTH / len(histogram.counts)
    return tuple(
        Bar(
            index * width + _GAP / 2,
            HEIGHT * (1 - count / highest),
            width - _GAP,
            HEIGHT * count / highest,
            label,
            count,
        )
        for index, (count, label) in enumerate(zip(histogram.counts, labels, strict=True))
    )


def throughput(samples: Sequence[Sample]) -> Line:
    """Throughput in each stretch of the run.

    In seconds of audio transcribed per second if the runner reported them while the job ran, otherwise in recordings
    published per minute. On a cluster audio counts when its whole recording is transcribed, so shorter stretches would
    show peaks with nothing between.
    """
    if not samples or samples[-1].elapsed_s - samples[0].elapsed_s < _SHORT_RUN_S:
        return Line("", 0.0, "")  # it shows the loading of models and the last call, no course
    before_the_end = samples[:-1]
    if any(sample.audio_s for sample in before_the_end):
        return _rate([(sample.elapsed_s, sample.audio_s) for sample in samples], 1.0, "times real time")
    if any(sample.committed for sample in before_the_end):
        return _rate([(sample.elapsed_s, sample.committed) for sample in samples], 60.0, "recordings a minute")
    return Line("", 0.0, "")


def _rate(course: Sequence[tuple[float, float]], per_s: float, unit: str) -> Line:
    elapsed_s, done = zip(*course, strict=True)
    ends = np.linspace(elapsed_s[0], elapsed_s[-1], min(_STRETCHES, len(course)) + 1)
    rates = per_s * np.diff(np.interp(ends, elapsed_s, done)) / np.diff(ends)
    highest = float(rates.max()) or 1.0
    middles = (np.arange(len(rates)) + 0.5) / len(rates)
    return Line(_points(zip(WIDTH * middles, HEIGHT * (1 - rates / highest), strict=True)), highest, unit)


def trend(rate: Rate) -> Trend:
    """A rate over all runs, the newest at the right."""
    values = (*rate.earlier, rate.value)
    highest = max(*values, rate.high or 0.0, 1e-9) * 1.1
    step = WIDTH / max(len(values) - 1, 1)

    def y(value: float) -> float:
        return HEIGHT * (1 - value / highest)

    places = [(index * step, y(value)) for index, value in enumerate(values)]
    strip_y, strip_height = None, 0.0
    if rate.low is not None and rate.high is not None:
        strip_y, strip_height = y(rate.high), y(rate.low) - y(rate.high)
    return Trend(_points(places), *places[-1], strip_y, strip_height)


def _points(places: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
