"""The summary of a run in counts: `runs/RUN_ID/summary.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hushbeam.transforms.storage.urls import join

_COUNTED = ("completed", "skipped", "quarantined", "failed")


class UnreadableSummaryError(ValueError):
    """A file is not the summary of a run."""


def summary_url(output: str, run_id: str) -> str:
    """The location of a run's summary, which is written when the run is complete."""
    return join(output, "runs", run_id, "summary.json")


def summarise(run_id: str, totals: Mapping[str, float], identities: Mapping[str, str]) -> dict[str, object]:
    """The summary from counts named `recordings.OUTCOME`, `findings.POLICY` and `audio_s`."""

    def group(prefix: str) -> dict[str, int]:
        return {name.removeprefix(prefix): int(n) for name, n in totals.items() if name.startswith(prefix)}

    return {
        "run_id": run_id,
        "recordings": dict.fromkeys(_COUNTED, 0) | group("recordings."),
        "findings": group("findings."),
        "audio_s": round(totals.get("audio_s", 0.0), 3),
        "identities": dict(identities),
    }


def checked_summary(content: bytes) -> dict[str, Any]:
    """The summary in a file.

    Raises:
      UnreadableSummaryError: The file is not a summary.
    """
    try:
        summary: dict[str, Any] = json.loads(content)
        counts = [*summary["recordings"].values(), *summary["findings"].values(), summary["audio_s"]]
        is_summary = (
            isinstance(summary["run_id"], str)
            and isinstance(summary["identities"], dict)
            and summary["recordings"].keys() >= set(_COUNTED)
            and all(isinstance(count, int | float) for count in counts)
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        is_summary = False
    if not is_summary:
        raise UnreadableSummaryError("damaged: restore it from a copy; hushbeam audit shows details")
    return summary
