"""Canary calls: synthetic calls in this package, with labelled times of their personal data.

The job redacts them before the recordings, by the same pipeline with the same models and options. If a model, a
dependency or an option keeps the job from finding personal data, it fails on four calls, not after a whole run.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files as package_files
from typing import Any

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.spans import TimeSpan
from hushbeam.transforms.archive.ledger import list_statuses
from hushbeam.transforms.archive.tables.read import read_rows, table_files
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.urls import join

_PACKAGE = "hushbeam.transforms.canary_gate"
_COVERED = 0.9
_LONGEST_PLAIN_DIGITS = 5


class CanariesMissedError(ConfigurationError):
    """With these options and models the job does not find the personal data of the canary calls."""


@dataclass(frozen=True)
class CanaryScore:
    """Result of the canary calls.

    Attributes:
      items: Labelled values that the job's policies cover.
      missed: Values that can still be heard or read, or whose call did not complete, by policy.
    """

    items: int
    missed: Mapping[str, int]

    @property
    def recall(self) -> float:
        """The share of values that was redacted; 0 without values, which prove nothing."""
        return 1 - sum(self.missed.values()) / self.items if self.items else 0.0


def copy_calls(root: str) -> str:
    """Copies the calls below `root`, where every worker can read them, and returns their manifest."""
    calls = package_files(_PACKAGE) / "calls"
    lines = []
    for call in sorted({label["call"] for label in _labels()}):
        url = join(root, "calls", f"{call}.ogg")
        files.write_bytes(url, (calls / f"{call}.ogg").read_bytes())
        lines.append({"recording_id": call, "audio_url": url, "language_code": "en", "redact_pii_audio": True})
    manifest = join(root, "calls", "manifest.jsonl")
    files.write_bytes(manifest, "".join(json.dumps(line) + "\n" for line in lines).encode())
    return manifest


def score(output: str, policies: Iterable[str]) -> CanaryScore:
    """Compares the published output of the calls with their labels.

    Args:
      policies: Policies that the run redacts.
    """
    asked = frozenset(policies)
    labels = [label for label in _labels() if label["policy"] in asked]
    muted = {
        recording_id: [TimeSpan(*span) for span in (status.certificate.get("audio") or {}).get("muted", ())]
        for recording_id, status in list_statuses(output).items()
    }
    texts = _texts(output)
    missed = Counter(
        label["policy"] for label in labels if not _is_redacted(label, muted.get(label["call"], ()), texts)
    )
    return CanaryScore(len(labels), dict(sorted(missed.items())))


def _is_redacted(label: Mapping[str, Any], muted: Sequence[TimeSpan], texts: Mapping[str, str]) -> bool:
    if label["call"] not in texts:
        return False
    start_s, end_s = label["start_s"], label["end_s"]
    covered_s = sum(
        max(0.0, min(span.end_s, end_s) - max(span.start_s, start_s))
        for span in muted
        if span.channel == label["channel"]
    )
    digits = _digits(label["value"])
    is_read = len(digits) > _LONGEST_PLAIN_DIGITS and digits in _digits(texts[label["call"]])
    return covered_s >= _COVERED * (end_s - start_s) and not is_read


def _texts(output: str) -> dict[str, str]:
    rows = (row for url in table_files(output, "transcripts") for _, row in read_rows(url, ("recording_id", "text")))
    return {row["recording_id"]: row["text"] for row in map(json.loads, rows)}


def _labels() -> list[dict[str, Any]]:
    content = (package_files(_PACKAGE) / "calls" / "labels.json").read_text(encoding="utf-8")
    labels: list[dict[str, Any]] = json.loads(content)
    return labels


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())
