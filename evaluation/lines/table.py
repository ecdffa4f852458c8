"""The table of conditions: what the job does in each, and how far that is from clean calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evaluation.lines.conditions import CLEAN, CONDITIONS
from evaluation.run import markdown

LEAST_OF_CLEAN = 0.95
"""Aim: at least this share of the entities that are covered in clean calls."""
LEAST_WHOLE = 0.95
"""Aim: at least this share of the covered entities is covered from end to end."""
MOST_OVER_REDACTION = 1.3
"""Aim: at most this many times the over-redaction of clean calls."""

COLUMNS = {
    "condition": ("condition", ""),
    "covered_0.9": ("covered_0.9", ".3f"),
    "covered_1.0": ("covered_1.0", ".3f"),
    "missing": ("not published", ""),
    "text_leaks": ("text leaks", ""),
    "over_redaction": ("over-redaction", ".3f"),
    "of_clean": ("covered_0.9 of clean", ".2f"),
    "whole": ("covered_1.0 / covered_0.9", ".2f"),
    "over_clean": ("over-redaction / clean", ".2f"),
    "aims": ("aims", ""),
}
COLUMNS_OF_RECOGNISER = {
    "heard_leaks": ("transcribed leaks", ""),
    "heard_non_pii": ("other words transcribed", ".2f"),
}
"""What a second recogniser transcribes of the redacted audio: no leak says little where it transcribes few words."""

Summary = Mapping[str, Any]
"""Scores as `evaluation.score.summarise` gives them."""


def table(summaries: Mapping[str, Mapping[str, Summary]]) -> str:
    """One row for each condition, in Markdown, from summaries by set and condition; sets are taken together."""
    rows = list(_rows(summaries))
    columns = dict(COLUMNS)
    if any("heard_leaks" in row for row in rows):
        aims = columns.popitem()
        columns |= COLUMNS_OF_RECOGNISER | dict([aims])
    return markdown(rows, columns)


def _rows(summaries: Mapping[str, Mapping[str, Summary]]) -> Iterator[dict[str, Any]]:
    # A condition that is not measured in all sets yet is left out.
    measured = [name for name in CONDITIONS if all(name in of_set for of_set in summaries.values())]
    for name in measured:
        summary = together([of_set[name] for of_set in summaries.values()])
        ratios = ratios_to_clean(summary, together([of_set[CLEAN] for of_set in summaries.values()]))
        missed = missed_aims(ratios) if CONDITIONS[name].aimed_at else None
        aims = None if missed is None else f"missed: {', '.join(missed)}" if missed else "met"
        yield {"condition": CONDITIONS[name].description, **summary, **ratios, "aims": aims}


def together(summaries: Sequence[Summary]) -> dict[str, Any]:
    """The table's figures of several sets in one condition."""

    def mean(column: str, weight: str) -> float | None:
        known = [summary for summary in summaries if summary[column] is not None]
        total = sum(summary[weight] for summary in known)
        return sum(summary[column] * summary[weight] for summary in known) / total if total else None

    figures = {
        "covered_0.9": mean("covered_0.9", "entities"),
        "covered_1.0": mean("covered_1.0", "entities"),
        "missing": sum(summary["missing"] for summary in summaries),
        "text_leaks": sum(summary["text_leaks"] for summary in summaries),
        "over_redaction": mean("over_redaction", "other_s"),
    }
    if all("heard_leaks" in summary for summary in summaries):
        figures["heard_leaks"] = sum(summary["heard_leaks"] for summary in summaries)
        figures["heard_non_pii"] = mean("heard_non_pii", "other_s")
    return figures


def ratios_to_clean(summary: Summary, clean: Summary) -> dict[str, float | None]:
    """The three figures that aims are about; None where a divisor is zero."""
    return {
        "of_clean": _ratio(summary["covered_0.9"], clean["covered_0.9"]),
        "whole": _ratio(summary["covered_1.0"], summary["covered_0.9"]),
        "over_clean": _ratio(summary["over_redaction"], clean["over_redaction"]),
    }


def missed_aims(ratios: Mapping[str, float | None]) -> list[str]:
    """The figures that miss their aim. One that cannot be computed misses it."""
    of_clean, whole, over_clean = ratios["of_clean"], ratios["whole"], ratios["over_clean"]
    found = {
        "covered": of_clean is not None and of_clean >= LEAST_OF_CLEAN,
        "whole": whole is not None and whole >= LEAST_WHOLE,
        "over-redaction": over_clean is not None and over_clean <= MOST_OVER_REDACTION,
    }
    return [aim for aim, is_met in found.items() if not is_met]


def _ratio(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else round(part / whole, 4)
