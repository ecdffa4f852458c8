"""A bounded room where windows of many recordings wait until they fill a batch."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

Entry = TypeVar("Entry")

_SHORT_WAIT_S = 1.0
_LONG_WAIT_S = 60.0


@dataclass(frozen=True)
class _Waiting(Generic[Entry]):
    entry: Entry
    size: int
    since: float


class WaitingRoom(Generic[Entry]):
    """Collects entries of several producers and hands them out in batches of one kind.

    A producer waits while the room holds as many bytes as it may. A full batch goes first. One that is not full is
    handed out when nobody can add to it, because all producers have ended or wait for room, or when nothing else
    was ready for a second; and a full one lets an entry pass that has waited for a minute.

    Args:
      limit_bytes: How much may wait. One entry is always let in.
      batch: How many entries to hand out at once, asked anew for each batch.
    """

    def __init__(self, limit_bytes: int, batch: Callable[[], int]) -> None:
        self._limit = limit_bytes
        self._batch = batch
        self._changed = threading.Condition()
        self._kinds: defaultdict[Hashable, list[_Waiting[Entry]]] = defaultdict(list)
        self._bytes = 0
        self._producers = 0
        self._blocked = 0
        self._closed = False

    def producing(self, change: int) -> None:
        """Adds to, or takes from, the number of producers that may still put entries."""
        with self._changed:
            self._producers += change
            self._changed.notify_all()

    def put(self, entry: Entry, *, kind: Hashable, size: int, wait: bool = True) -> bool:
        """Adds an entry.

        Args:
          kind: Entries of different kinds never go together.
          size: In bytes.
          wait: Whether to wait for room; those who empty the room must not.

        Returns:
          Whether it was taken; not where the room is closed.
        """
        with self._changed:
            if wait:
                self._blocked += 1
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._closed or not self._bytes or self._bytes + size <= self._limit)
                self._blocked -= 1
            if self._closed:
                return False
            self._kinds[kind].append(_Waiting(entry, size, time.monotonic()))
            self._bytes += size
            self._changed.notify_all()
            return True

    def take(self) -> list[Entry]:
        """Waits for a batch. An empty one means that the room is closed."""
        with self._changed:
            while not self._closed:
                kind = self._ready()
                if kind is not None:
                    return self._hand_out(kind)
                self._changed.wait(_SHORT_WAIT_S / 4 if self._kinds else None)
            return []

    def close(self) -> None:
        """Lets everybody go: `put` returns False, `take` an empty batch, and what waits is dropped."""
        with self._changed:
            self._closed = True
            self._kinds.clear()
            self._changed.notify_all()

    def _ready(self) -> Hashable | None:
        """The kind to hand out now, if any."""
        if not self._kinds:
            return None
        by_age = sorted(self._kinds, key=lambda kind: self._kinds[kind][0].since)
        waited_s = time.monotonic() - self._kinds[by_age[0]][0].since
        full = [kind for kind in by_age if len(self._kinds[kind]) >= self._batch()]
        if full and waited_s < _LONG_WAIT_S:
            return full[0]
        if full or self._producers <= self._blocked or waited_s >= _SHORT_WAIT_S:
            return by_age[0]
        return None

    def _hand_out(self, kind: Hashable) -> list[Entry]:
        waiting = self._kinds.pop(kind)
        size = self._batch()
        if len(waiting) > size:
            self._kinds[kind] = waiting[size:]
        self._bytes -= sum(each.size for each in waiting[:size])
        self._changed.notify_all()
        return [each.entry for each in waiting[:size]]
