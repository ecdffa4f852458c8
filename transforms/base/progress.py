"""Lets a terminal watch a local run: stages report what they did to whoever listens in this process.

Beam's own metrics hold the same counts, but a local runner shows them only when the job has ended. A job on a cluster
is followed by its metrics (`pipelines/running/following.py`): there nobody listens here, and reporting costs nothing.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

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
    """Starts from zero: one process may run several jobs."""
    with _lock:
        _counts.clear()
