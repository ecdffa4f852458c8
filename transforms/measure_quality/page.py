"""Page about the quality of an output: one HTML file, from figures of reviewed recordings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from hushbeam.transforms.base.pages import page_environment, percent
from hushbeam.transforms.base.plurals import counted
from hushbeam.transforms.measure_quality.advice import LOW_CAUTION, Reviewing, advice_for, at_low_caution, is_weak
from hushbeam.transforms.measure_quality.agreement import Agreement
from hushbeam.transforms.measure_quality.figures import AtThreshold, Figures, Share, left_out

WIDTH, HEIGHT, LEFT, BOTTOM = 380, 190, 44, 24
_HIGHEST_SCORE = 0.95
"""Hardly any finding has a score of 1: the fall to it would take the whole height of a chart."""


@dataclass(frozen=True)
class Verdict:
    """The sentence at the top: `open` if it does not hold for the output."""

    level: Literal["open", "plain"]
    sentence: str
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chart:
    """A share over thresholds, in the units of an SVG view box: the line, its interval, and the axis.

    Attributes:
      ticks: Height and label.
    """

    line: str
    band: str
    ticks: tuple[tuple[float, str], ...]


def render(reviewing: Reviewing, figures: Figures, agreed: Sequence[Agreement], version: str) -> str:
    """The page.

    Args:
      version: Of this software.
    """
    environment = page_environment("hushbeam.transforms.measure_quality")
    environment.filters |= {"interval": interval}
    low = at_low_caution(figures)
    return environment.get_template("quality.html.j2").render(
        reviewing=reviewing,
        figures=figures,
        verdict=verdict(reviewing, figures),
        policies=sorted(figures.policies.items(), key=lambda item: (-item[1].recall.whole, item[0])),
        recall_chart=chart(figures.curve, lambda point: point.recall),
        words_chart=chart(figures.curve, lambda point: point.over_redacted_words),
        low=low,
        low_x=LEFT + (WIDTH - LEFT) * LOW_CAUTION,
        is_weak=is_weak,
        agreed=agreed,
        left_out=left_out(figures) if figures.left_out else None,
        advice=advice_for(reviewing, figures, agreed),
        version=version,
        now=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        bottom=BOTTOM,
    )


def verdict(reviewing: Reviewing, figures: Figures) -> Verdict:
    """Recall in a sentence, and whether it may be taken for that of the output."""
    recall = figures.overall.recall
    if not reviewing.reviewed:
        return Verdict("open", "Nothing is measured yet: no recording was reviewed.")
    if recall.value is None:
        return Verdict("open", "Recall is unknown: nobody found personal data in the reviewed recordings.")
    was = "was" if recall.part == 1 else "were"
    sentence = (
        f"Of {counted(recall.whole, 'value')} that were found or marked, {recall.part:,} {was} redacted: a recall of "
        f"{percent(recall.value)}."
    )
    level, more = _holds_for(reviewing, figures)
    return Verdict(level, sentence, more)


def _holds_for(reviewing: Reviewing, figures: Figures) -> tuple[Literal["open", "plain"], tuple[str, ...]]:
    """Which recordings the recall holds for, and how sure it is."""
    recall = figures.overall.recall
    within = f"With 95 % confidence between {percent(recall.low)} and {percent(recall.high)}"
    if reviewing.sample is None and not reviewing.has_all:
        return "open", ("For the reviewed recordings only: they were not drawn at random.",)
    if reviewing.sample is not None and not reviewing.is_complete:
        reviewed = f"{reviewing.reviewed:,} of {counted(reviewing.wanted, 'recording')} of the sample"
        return "open", (f"Not final: {reviewed} {'was' if reviewing.reviewed == 1 else 'were'} reviewed.",)
    if figures.configurations > 1:
        return "open", ("It mixes recordings of several sets of options and models.",)
    if reviewing.has_all:
        return "plain", ("Every published recording was reviewed.", f"{within} for others like them.")
    size = counted(reviewing.published, "published recording")
    return "plain", (f"{within} for all {size}.",)


def interval(share: Share) -> str:
    """`93.3 to 98.4 %`, or `unknown`."""
    return "unknown" if share.value is None else f"{100 * share.low:.1f} to {100 * share.high:.1f} %"


def chart(curve: Sequence[AtThreshold], of: Callable[[AtThreshold], Share]) -> Chart | None:
    """The chart of a share; None if it is unknown."""
    shares = [
        (point.threshold, of(point))
        for point in curve
        if point.threshold <= _HIGHEST_SCORE and of(point).value is not None
    ]
    if not shares:
        return None
    lowest, highest = min(share.low for _, share in shares), max(share.high for _, share in shares)
    bottom = next(start for start in (0.9, 0.8, 0.5, 0.0) if start <= lowest)
    top = next(end for end in (0.05, 0.1, 0.2, 0.5, 1.0) if highest <= end)

    def x(threshold: float) -> float:
        return LEFT + (WIDTH - LEFT) * threshold

    def y(value: float) -> float:
        return (HEIGHT - BOTTOM) * (1 - (value - bottom) / (top - bottom))

    def points(places: Sequence[tuple[float, float]]) -> str:
        return " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in places)

    upper = [(at, share.high) for at, share in shares]
    lower = [(at, share.low) for at, share in reversed(shares)]
    ticks = tuple((y(value), f"{100 * value:.3g} %") for value in (bottom, (bottom + top) / 2, top))
    return Chart(points([(at, share.value or 0.0) for at, share in shares]), points([*upper, *lower]), ticks)
