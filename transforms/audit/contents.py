"""Content of an audit report, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields

from hushbeam.transforms.archive.claims import Problem

_MOST_LISTED = 1000


def summarise(totals: Mapping[str, float], problems: Iterable[Problem]) -> dict[str, object]:
    """A report from counts named `recordings`, `audible.POLICY`, `problems.KIND` and so on."""

    def group(prefix: str) -> dict[str, int]:
        return {name.removeprefix(prefix): int(n) for name, n in sorted(totals.items()) if name.startswith(prefix)}

    listed = sorted(problems, key=lambda problem: (problem.kind, problem.subject, problem.detail))
    return {
        "recordings": int(totals.get("recordings", 0)),
        "verified": int(totals.get("verified", 0)),
        "signed": int(totals.get("signed", 0)),
        "audio_s": round(totals.get("audio_s", 0.0), 3),
        "muted_s": round(totals.get("muted_s", 0.0), 3),
        "audible": group("audible."),
        "problems": group("problems."),
        "list": [asdict(problem) for problem in listed[:_MOST_LISTED]],
    }


def is_report(content: bytes) -> bool:
    """Whether a file is what `summarise` returns, or returned in an earlier version, and nothing else."""
    try:
        report = json.loads(content)
        parts = {field.name for field in fields(Problem)}
        listed = [(part, text) for problem in report["list"] for part, text in problem.items()]
        counts = [report.get(name, 0) for name in ("recordings", "verified", "signed", "audio_s", "muted_s")]
        counts += [*report.get("audible", {}).values(), *report.get("problems", {}).values()]
        return (
            report.keys() <= summarise({}, ()).keys()
            and all(isinstance(count, int | float) for count in counts)
            and all(part in parts and isinstance(text, str) for part, text in listed)
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return False
