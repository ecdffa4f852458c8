"""The summary of a run in counts: `runs/RUN_ID/summary.json`."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from hushbeam.schemas.failure import Failure
from hushbeam.transforms.base.plurals import counted
from hushbeam.transforms.storage.urls import join

_COUNTED = ("completed", "skipped", "quarantined", "failed")
_GROUPS = ("recordings", "findings", "muted_s_by_policy", "verification", "verification_counts", "doubtful")
_CAUSE, _MUTED = "cause.", "muted_s."
_MOST_CAUSES = 50
_LINE = re.compile(r"^line \d+: ")
_MUCH_UNTRANSCRIBED_S = 1.0

VERIFICATION_COUNTS = ("control_words", "control_words_found", "leaks", "repairs")
"""Counts of the verification that a summary has the sums of."""

REPAIRED, UNTRANSCRIBED_SPEECH, ANY_DOUBT = "repaired", "untranscribed_speech", "any"
DOUBTS = (REPAIRED, UNTRANSCRIBED_SPEECH, ANY_DOUBT)
"""Why a person should listen to a published recording; a summary counts the recordings of each, and of any."""


class UnreadableSummaryError(ValueError):
    """A file is not the summary of a run."""


def summary_url(output: str, run_id: str) -> str:
    """The location of a run's summary, which is written when the run is complete."""
    return join(output, "runs", run_id, "summary.json")


def doubts(leaks: int, untranscribed_s: float) -> list[str]:
    """Why a person should listen to a published recording, and `ANY_DOUBT`; nothing if nobody needs to.

    Args:
      leaks: Values that the second recogniser recognised after the first muting.
      untranscribed_s: Muted seconds of speech without words.
    """
    found = [REPAIRED] if leaks else []
    found += [UNTRANSCRIBED_SPEECH] if untranscribed_s >= _MUCH_UNTRANSCRIBED_S else []
    return [*found, ANY_DOUBT] if found else []


def cause_of(failure: Failure) -> str:
    """The name under which failures of one cause are counted; it holds no id and no line."""
    cause = [failure.status, failure.stage, failure.error_class, failure.retryable, without_line(failure.message)]
    return _CAUSE + json.dumps(cause)


def without_line(message: str) -> str:
    """A message without the line that it begins with: many lines may have the same fault."""
    return _LINE.sub("", message)


def summarise(run_id: str, totals: Mapping[str, float], identities: Mapping[str, str]) -> dict[str, object]:
    """The summary from counts named `recordings.OUTCOME`, `findings.POLICY`, `audio_s` and so on.

    `muted_s` counts each second of a channel once. `muted_s_by_policy` counts it for each of its policies.
    """

    def group(prefix: str) -> dict[str, int]:
        return {name.removeprefix(prefix): int(n) for name, n in totals.items() if name.startswith(prefix)}

    muted_s = {name.removeprefix(_MUTED): round(s, 3) for name, s in totals.items() if name.startswith(_MUTED)}
    return {
        "run_id": run_id,
        "recordings": dict.fromkeys(_COUNTED, 0) | group("recordings."),
        "findings": group("findings."),
        "audio_s": round(totals.get("audio_s", 0.0), 3),
        "ignored_keys": {"lines": int(totals.get("ignored_keys.lines", 0)), "names": group("ignored_keys.names.")},
        "channel_s": round(totals.get("channel_s", 0.0), 3),
        "muted_s": round(totals.get("muted_s", 0.0), 3),
        "muted_s_by_policy": muted_s,
        "verification": group("verification."),
        "verification_counts": dict.fromkeys(VERIFICATION_COUNTS, 0) | group("verification_counts."),
        "doubtful": dict.fromkeys(DOUBTS, 0) | group("doubtful."),
        "notifications": group("notifications."),
        "failures": _failures(totals),
        "identities": dict(identities),
    }


def ignored_keys_told(summary: Mapping[str, Any]) -> str | None:
    """What to tell about keys of manifest lines that had no effect; None if there were none."""
    ignored = summary.get("ignored_keys", {})
    if not ignored.get("lines"):
        return None
    lines = counted(ignored["lines"], "line")
    return f"Keys without effect here, in {lines}: {', '.join(sorted(ignored['names']))}"


def _failures(totals: Mapping[str, float]) -> list[dict[str, object]]:
    """Failures by cause, the most frequent first."""
    causes = Counter({name: int(n) for name, n in sorted(totals.items()) if name.startswith(_CAUSE)})
    failures = []
    for name, count in causes.most_common(_MOST_CAUSES):
        status, stage, error_class, retryable, message = json.loads(name.removeprefix(_CAUSE))
        failures.append(
            {
                "status": status,
                "stage": stage,
                "error_class": error_class,
                "retryable": retryable,
                "message": message,
                "count": count,
            }
        )
    return failures


def checked_summary(content: bytes) -> dict[str, Any]:
    """The summary in a file.

    Raises:
      UnreadableSummaryError: The file is not a summary.
    """
    try:
        summary: dict[str, Any] = json.loads(content)
        counts = [count for group in _GROUPS for count in summary[group].values()]
        counts += [summary[name] for name in ("audio_s", "channel_s", "muted_s")]
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
