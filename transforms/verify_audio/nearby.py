"""Index of things by time, which finds those near a time without a search of the whole recording."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from hushbeam.schemas.spans import TimeSpan

Thing = TypeVar("Thing")


class Nearby(Generic[Thing]):
    """Things of all channels, by time."""

    def __init__(self, things: Iterable[Thing], place: Callable[[Thing], TimeSpan]) -> None:
        self._place = place
        self._things = sorted(things, key=lambda thing: place(thing).start_s)
        self._starts = [place(thing).start_s for thing in self._things]
        self._longest_s = max((place(thing).end_s - place(thing).start_s for thing in self._things), default=0.0)

    def within(self, place: TimeSpan, within_s: float) -> Iterator[Thing]:
        """The things of any channel that are at most `within_s` away from a place."""
        first = bisect.bisect_left(self._starts, place.start_s - within_s - self._longest_s)
        last = bisect.bisect_right(self._starts, place.end_s + within_s)
        return (thing for thing in self._things[first:last] if apart_s(self._place(thing), place) <= within_s)


def apart_s(one: TimeSpan, other: TimeSpan) -> float:
    """Seconds between two ranges of any channels; 0 where they overlap."""
    return max(0.0, one.start_s - other.end_s, other.start_s - one.end_s)
