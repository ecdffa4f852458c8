"""Bounded queue that collects windows of many recordings into batches."""

from __future__ import annotations

import heapq
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from itertools import count
from typing import Generic, TypeVar

EntryT = TypeVar("EntryT")
KindT = TypeVar("KindT", bound=Hashable)

_SHORT_WAIT_S = 1.0
_LONG_WAIT_S = 60.0


@dataclass(frozen=True, order=True)
class _Waiting(Generic[EntryT]):
    rank: int
    number: int
    entry: EntryT = field(compare=False)
    size: int = field(compare=False)
    since: float = field(compare=False)


class WindowQueue(Generic[KindT, EntryT]):
    """Collects entries of several producers and gives them out in batches of one kind.

    A producer waits while the queue is full. Lower ranks go first, so that recordings finish in the order in which
    they began. Full batches go before others. Without a full batch, the fullest is given out when no producer can add
    to it, because all have ended or wait for room, or when no batch was given out for a second. An entry that has
    waited for a minute goes first.

    Args:
      limit_bytes: Size of the queue. An empty queue takes an entry of any size.
      batch: Number of entries of a kind to give out at once; called for each batch.
    """

    def __init__(self, limit_bytes: int, batch: Callable[[KindT], int]) -> None:
        self._limit = limit_bytes
        self._batch = batch
        self._changed = threading.Condition()
        self._kinds: defaultdict[KindT, list[_Waiting[EntryT]]] = defaultdict(list)  # each a heap
        self._numbers = count()
        self._bytes = 0
        self._producers = 0
        self._blocked = 0
        self._closed = False

    def producing(self, change: int) -> None:
        """Changes the number of producers that may still put entries."""
        with self._changed:
            self._producers += change
            self._changed.notify_all()

    def put(self, entry: EntryT, *, kind: KindT, size: int, rank: int = 0, wait: bool = True) -> bool:
        """Adds an entry.

        Args:
          kind: Entries of different kinds never go together.
          size: In bytes.
          rank: Entries of equal rank keep their order.
          wait: Whether to wait for room. Threads that take batches must not wait.

        Returns:
          Whether the queue took it; False once the queue is closed.
        """
        with self._changed:
            if wait:
                self._blocked += 1
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._closed or not self._bytes or self._bytes + size <= self._limit)
                self._blocked -= 1
            if self._closed:
                return False
            waiting = _Waiting(rank, next(self._numbers), entry, size, time.monotonic())
            heapq.heappush(self._kinds[kind], waiting)
            self._bytes += size
            self._changed.notify_all()
            return True

    def wait_for_batch(self) -> bool:
        """Waits until there is a batch to take. Returns False once the queue is closed."""
        with self._changed:
            while not self._closed:
                if self._ready() is not None:
                    return True
                self._changed.wait(_SHORT_WAIT_S / 4 if self._kinds else None)
            return False

    def take(self) -> list[EntryT]:
        """Gives out a batch: an empty one when none is ready, as when another thread took it."""
        with self._changed:
            kind = self._ready()
            return [] if kind is None else self._give_out(kind)

    def close(self) -> None:
        """Releases all threads: `put` returns False, `take` returns an empty batch, waiting entries are dropped."""
        with self._changed:
            self._closed = True
            self._kinds.clear()
            self._changed.notify_all()

    def _ready(self) -> KindT | None:
        """The kind to give out now, if any."""
        if not self._kinds:
            return None
        waited_s = time.monotonic() - min(waiting[0].since for waiting in self._kinds.values())
        if waited_s >= _LONG_WAIT_S:
            return min(self._kinds, key=lambda kind: self._kinds[kind][0].since)
        fullest = min(self._kinds, key=lambda kind: (-self._fullness(kind), self._kinds[kind][0]))
        if self._fullness(fullest) == 1.0 or self._producers <= self._blocked or waited_s >= _SHORT_WAIT_S:
            return fullest
        return None

    def _fullness(self, kind: KindT) -> float:
        """Of the next batch of a kind: 1 when it is full."""
        return min(1.0, len(self._kinds[kind]) / self._batch(kind))

    def _give_out(self, kind: KindT) -> list[EntryT]:
        waiting = self._kinds[kind]
        batch = [heapq.heappop(waiting) for _ in range(min(self._batch(kind), len(waiting)))]
        if not waiting:
            del self._kinds[kind]
        self._bytes -= sum(each.size for each in batch)
        self._changed.notify_all()
        return [each.entry for each in batch]
