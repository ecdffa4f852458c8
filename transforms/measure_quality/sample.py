"""Which recordings are reviewed, so that they speak for all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def drawn(recording_ids: Iterable[str], count: int, seed: int) -> frozenset[str]:
    """A random sample: the same for the same recordings and seed, and a larger one holds the smaller."""
    return frozenset(sorted(recording_ids, key=lambda recording_id: _rank(recording_id, seed))[:count])


def _rank(recording_id: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}\0{recording_id}".encode("utf-8", "surrogatepass")).digest()
