"""A bounded room where windows of many recordings wait until they fill a batch."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Entry = TypeVar("Entry")

_LONGEST_WAIT_S = 1.0
_BATCHES_TO_CHOOSE_FROM = 4


@dataclass(order=True)
class _Waiting(Generic[Entry]):
    length: int
    number: int
    entry: Entry = field(compare=False)
    kind: int = field(compare=False)
    size: int = field(compare=False)
    since: float = field(compare=False)


class WaitingRoom(Generic[Entry]):
    """Collects entries of several producers and hands them out in batches of similar length.

    A producer waits while the room holds as many bytes as it may. A batch is handed out when there is enough to choose
    from, when no producer has anything to add, when the room is full, or when an entry has waited for a second.

    Args:
      limit_bytes: How much may wait. One entry is always let in.
      batch: How many entries to hand out at once, asked anew for each batch.
    """

    def __init__(self, limit_bytes: int, batch: Callable[[], int]) -> None:
        self._limit = limit_bytes
        self._batch = batch
        self._changed = threading.Condition()
        self._waiting: list[_Waiting[Entry]] = []
        self._bytes = 0
        self._number = 0
        self._producers = 0
        self._blocked = 0
        self._closed = False

    def producing(self, change: int) -> None:
        """Adds to, or takes from, the number of producers that may still put entries."""
        with self._changed:
            self._producers += change
            self._changed.notify_all()

    def put(self, entry: Entry, *, length: int, size: int, kind: int = 0, wait: bool = True) -> bool:
        """Adds an entry.

        Args:
          length: Entries of similar length go together.
          size: In bytes.
          kind: Entries of different kinds never go together; a higher kind goes first once enough wait.
          wait: Whether to wait for room; those who empty the room must not.

        Returns:
          Whether it was taken; not where the room is closed.
        """
        with self._changed:
            if wait:
                self._blocked += 1
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._closed or not self._waiting or self._bytes + size <= self._limit)
                self._blocked -= 1
            if self._closed:
                return False
            self._number += 1
            self._waiting.append(_Waiting(length, self._number, entry, kind, size, time.monotonic()))
            self._bytes += size
            self._changed.notify_all()
            return True

    def take(self) -> list[Entry]:
        """Waits for a batch. An empty one means that the room is closed."""
        with self._changed:
            while not self._closed:
                batch = self._choose()
                if batch:
                    chosen = {waiting.number for waiting in batch}
                    self._waiting = [waiting for waiting in self._waiting if waiting.number not in chosen]
                    self._bytes -= sum(waiting.size for waiting in batch)
                    self._changed.notify_all()
                    return [waiting.entry for waiting in batch]
                self._changed.wait(self._patience())
            return []

    def close(self) -> None:
        """Lets everybody go: `put` returns False, `take` an empty batch, and what waits is dropped."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()

    def _patience(self) -> float | None:
        if not self._waiting:
            return None
        oldest = min(waiting.since for waiting in self._waiting)
        return max(oldest + _LONGEST_WAIT_S - time.monotonic(), 0.01)

    def _choose(self) -> list[_Waiting[Entry]]:
        if not self._waiting:
            return []
        size = self._batch()
        oldest = min(self._waiting, key=lambda waiting: waiting.number)
        nobody_adds = self._producers <= self._blocked
        waited = time.monotonic() - oldest.since >= _LONGEST_WAIT_S
        for kind in sorted({waiting.kind for waiting in self._waiting}):
            same = sorted(waiting for waiting in self._waiting if waiting.kind == kind)
            enough = len(same) >= size * (_BATCHES_TO_CHOOSE_FROM if kind == 0 else 1)
            if enough or ((nobody_adds or waited) and kind == oldest.kind):
                first = min(same, key=lambda waiting: waiting.number)
                place = same.index(first)
                start = min(max(place - size // 2, 0), max(len(same) - size, 0))
                return same[start : start + size]
        return []
