"""Counts of this process for the terminal's progress display of a local run.

Beam's metrics hold the same counts, but a local runner shows them only when the job has ended. A job on a cluster is
followed by its metrics (`pipelines/running/following.py`); these counts are then not read, and cost next to nothing.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

COMMITTED = "Commit.passed"
"""The count of recordings that are public."""

_lock = threading.Lock()
_counts: Counter[str] = Counter()


def report(name: str, amount: int = 1) -> None:
    """Adds to a count such as `Transcribe.passed`. Names hold no ids and no values."""
    with _lock:
        _counts[name] += amount


def counts() -> Mapping[str, int]:
    """A copy of all counts since `reset`."""
    with _lock:
        return MappingProxyType(dict(_counts))


def reset() -> None:
    """Sets all counts to zero: one process may run several jobs."""
    with _lock:
        _counts.clear()
