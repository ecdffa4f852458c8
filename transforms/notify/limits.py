"""How much time a receiver may cost a run, and how fast it is asked. Host by host, for one worker process."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable


class Budget:
    """Seconds that failed attempts and waits may still take, for each host and in all. Threads may share it.

    Where others have used up what there is in all, a host still has its share: all, divided by the hosts that have cost
    something. So one that has cost nothing is always tried.
    """

    def __init__(self, per_host_s: float, in_all_s: float) -> None:
        self._per_host_s = per_host_s
        self._in_all_s = in_all_s
        self._spent_s: defaultdict[str, float] = defaultdict(float)
        self._spent_in_all_s = 0.0
        self._closed: set[str] = set()
        self._lock = threading.Lock()

    def spend(self, host: str, seconds: float) -> None:
        """Takes what an attempt or a wait has cost."""
        if not seconds:
            return
        with self._lock:
            self._spent_s[host] += seconds
            self._spent_in_all_s += seconds

    def close(self, host: str) -> None:
        """Nothing more for this host: it asked not to be called again while this run lasts."""
        with self._lock:
            self._closed.add(host)

    def allows(self, host: str, seconds: float) -> bool:
        """Whether `seconds` more would stay within the host's limit, and within that of all or the host's share."""
        with self._lock:
            spent_s = self._spent_s.get(host, 0.0)
            if host in self._closed:
                return False
            if spent_s == seconds == 0.0:
                return True
            share_s = self._in_all_s / len(self._spent_s.keys() | {host})
            within_all = self._spent_in_all_s + seconds < self._in_all_s or spent_s + seconds < share_s
            return within_all and spent_s + seconds < self._per_host_s


class Pace:
    """Whose turn it is to send to a host: so many requests a second, and none while the host asked to wait."""

    def __init__(self, per_second: float, now: Callable[[], float] = time.monotonic) -> None:
        self._between_s = 1 / per_second
        self._now = now
        self._next: dict[str, float] = {}
        self._held_until: dict[str, float] = {}
        self._lock = threading.Lock()

    def turn(self, host: str) -> float:
        """Takes the next turn, and gives the seconds until it comes."""
        with self._lock:
            now = self._now()
            at = max(now, self._next.get(host, now), self._held_until.get(host, now))
            self._next[host] = at + self._between_s
            return at - now

    def hold(self, host: str, seconds: float) -> None:
        """No turn comes before `seconds` from now."""
        with self._lock:
            self._held_until[host] = max(self._held_until.get(host, 0.0), self._now() + seconds)

    def held_s(self, host: str) -> float:
        """How long the host still asks to wait."""
        with self._lock:
            return max(0.0, self._held_until.get(host, 0.0) - self._now())
