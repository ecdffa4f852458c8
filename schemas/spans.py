"""Arithmetic of time spans: ranges of seconds in one channel of a recording."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol


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


def outside(spans: Iterable[TimeSpan], false_positives: Sequence[TimeSpan]) -> Iterator[TimeSpan]:
    """What of the spans lies outside of needless ones."""
    for span in spans:
        parts = [span]
        for cut in false_positives:
            if cut.channel == span.channel:
                parts = [rest for part in parts for rest in _rests(part, cut)]
        yield from parts


def _rests(span: TimeSpan, cut: TimeSpan) -> Iterator[TimeSpan]:
    if cut.end_s <= span.start_s or span.end_s <= cut.start_s:
        yield span
        return
    if span.start_s < cut.start_s:
        yield replace(span, end_s=cut.start_s)
    if cut.end_s < span.end_s:
        yield replace(span, start_s=cut.end_s)
