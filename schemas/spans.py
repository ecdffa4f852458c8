"""Arithmetic of time spans: ranges of seconds in one channel of a recording, and bare ranges of numbers."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", int, float)


class Place(Protocol):
    """A stretch of one channel, in seconds."""

    @property
    def channel(self) -> int: ...

    @property
    def start_s(self) -> float: ...

    @property
    def end_s(self) -> float: ...


@dataclass(frozen=True)
class TimeSpan:
    """A range of time in one channel, in seconds from the start of the recording."""

    channel: int
    start_s: float
    end_s: float


def merged(ranges: Iterable[tuple[Number, Number]], gap: Number = 0) -> list[tuple[Number, Number]]:
    """Ranges in order and apart. Those that overlap, touch or lie within `gap` are joined; empty ones are dropped."""
    joined: list[tuple[Number, Number]] = []
    for start, end in sorted(ranges):
        if end <= start:
            continue
        if joined and start <= joined[-1][1] + gap:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


def uncovered(start: Number, end: Number, covers: Sequence[tuple[Number, Number]]) -> Iterator[tuple[Number, Number]]:
    """The parts of a range that lie in none of `covers`, which are as `merged` returns them."""
    first = bisect.bisect_right(covers, start, key=lambda cover: cover[1])
    for cover_start, cover_end in itertools.islice(covers, first, None):
        if cover_start >= end:
            break
        if cover_start > start:
            yield start, cover_start
        start = cover_end
    if start < end:
        yield start, end


def runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The ranges of consecutive true values, in order; the end is exclusive."""
    edges: NDArray[Any] = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def merged_spans(spans: Iterable[TimeSpan], duration_s: float, gap_s: float = 0.0) -> tuple[TimeSpan, ...]:
    """Spans within [0, `duration_s`], ordered by channel and start; those of a channel are merged as by `merged`."""
    by_channel: dict[int, list[tuple[float, float]]] = {}
    for span in spans:
        by_channel.setdefault(span.channel, []).append((max(span.start_s, 0.0), min(span.end_s, duration_s)))
    return tuple(
        TimeSpan(channel, start_s, end_s)
        for channel, ranges in sorted(by_channel.items())
        for start_s, end_s in merged(ranges, gap_s)
    )


def outside(spans: Iterable[TimeSpan], cuts: Iterable[TimeSpan]) -> Iterator[TimeSpan]:
    """The parts of spans that lie in none of `cuts`, span by span."""
    by_channel: dict[int, list[tuple[float, float]]] = {}
    for cut in cuts:
        by_channel.setdefault(cut.channel, []).append((cut.start_s, cut.end_s))
    covers = {channel: merged(ranges) for channel, ranges in by_channel.items()}
    for span in spans:
        for start_s, end_s in uncovered(span.start_s, span.end_s, covers.get(span.channel, ())):
            yield TimeSpan(span.channel, start_s, end_s)
