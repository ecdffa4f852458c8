"""Time budget and rate limit by host, for one worker process."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable


class Budget:
    """Seconds that failed attempts and waits may take, for each host and in total. Safe for threads.

    When the total is used up, a host still has its share: the total divided by the number of hosts that took time. So a
    host that has not used any time is always tried.
    """

    def __init__(self, per_host_s: float, total_s: float) -> None:
        self._per_host_s = per_host_s
        self._total_s = total_s
        self._spent_s: defaultdict[str, float] = defaultdict(float)
        self._spent_total_s = 0.0
        self._closed: set[str] = set()
        self._lock = threading.Lock()

    def spend(self, host: str, seconds: float) -> None:
        """Counts the seconds of an attempt or a wait."""
        if not seconds:
            return
        with self._lock:
            self._spent_s[host] += seconds
            self._spent_total_s += seconds

    def close(self, host: str) -> None:
        """Ends all attempts at a host that asked for a longer wait than the run allows."""
        with self._lock:
            self._closed.add(host)

    def allows(self, host: str, seconds: float) -> bool:
        """Whether `seconds` more stay within the host's limit, and within the total or the host's share of it."""
        with self._lock:
            spent_s = self._spent_s.get(host, 0.0)
            if host in self._closed:
                return False
            if spent_s == seconds == 0.0:
                return True
            share_s = self._total_s / len(self._spent_s.keys() | {host})
            within_total = self._spent_total_s + seconds < self._total_s or spent_s + seconds < share_s
            return within_total and spent_s + seconds < self._per_host_s


class Pace:
    """Rate limit for each host: requests per second, and none while the host asks to wait."""

    def __init__(self, per_second: float, now: Callable[[], float] = time.monotonic) -> None:
        self._between_s = 1 / per_second
        self._now = now
        self._next: dict[str, float] = {}
        self._held_until: dict[str, float] = {}
        self._lock = threading.Lock()

    def turn(self, host: str) -> float:
        """Reserves the next request to a host, and returns the seconds until then."""
        with self._lock:
            now = self._now()
            at = max(now, self._next.get(host, now), self._held_until.get(host, now))
            self._next[host] = at + self._between_s
            return at - now

    def hold(self, host: str, seconds: float) -> None:
        """Delays the next request to a host by at least `seconds` from now."""
        with self._lock:
            self._held_until[host] = max(self._held_until.get(host, 0.0), self._now() + seconds)

    def held_s(self, host: str) -> float:
        """Seconds for which the host still asks to wait."""
        with self._lock:
            return max(0.0, self._held_until.get(host, 0.0) - self._now())
