"""Reviewed recordings: a sample of them, and the findings that each review confirms, rejects or adds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from hushbeam.schemas.correction import in_all_channels, is_false_positive
from hushbeam.schemas.finding import FLAGGED
from hushbeam.schemas.spans import TimeSpan
from hushbeam.transforms.archive.reviews import NotedSpan, Review, ShownFinding


@dataclass(frozen=True)
class Judged:
    """A reviewed recording.

    Attributes:
      real: Findings that are personal data.
      false_positives: Findings that are not.
      missed: Marks of personal data that the run did not find. A mark on several channels counts once.
      moved: Marks over findings, whose muted span was too early, too late, too long or too short.
    """

    review: Review
    real: tuple[ShownFinding, ...]
    false_positives: tuple[ShownFinding, ...]
    missed: tuple[NotedSpan, ...]
    moved: tuple[NotedSpan, ...]


def judged(review: Review) -> Judged:
    """Compares the decisions of a reviewer with the findings of the run."""
    reviewed = review.reviewed
    spans = tuple(TimeSpan(span.channel, span.start_s, span.end_s) for span in review.false_positives)
    if reviewed.mixed:
        spans = in_all_channels(spans, reviewed.channels)
    # Flagged speech is audible: a mark over it is missed data.
    found = tuple(finding for finding in reviewed.found if finding.detector != FLAGGED)
    mixed = reviewed.mixed
    missed: list[NotedSpan] = []
    moved: list[NotedSpan] = []
    for marks in _by_time(review.missed):
        known = any(_is_of(mark, finding, mixed) for mark in marks for finding in found)
        (moved if known else missed).append(marks[0])
    false_positives = tuple(
        finding
        for finding in found
        if is_false_positive(finding, spans) and not any(_is_of(mark, finding, mixed) for mark in review.missed)
    )
    real = tuple(finding for finding in found if finding not in false_positives)
    return Judged(review, real, false_positives, tuple(missed), tuple(moved))


def of_requested(one: Judged) -> Judged:
    """The same without marks under policies that the recording did not request. Without a noted request all count."""
    requested = one.review.reviewed.policies
    if requested is None:
        return one
    return replace(one, missed=tuple(mark for mark in one.missed if mark.policy in requested))


def _by_time(marks: Iterable[NotedSpan]) -> Sequence[Sequence[NotedSpan]]:
    """Marks of the same time and policy: the page marks all channels at once."""
    by_time: dict[tuple[float, float, str], list[NotedSpan]] = {}
    for mark in sorted(marks, key=lambda mark: (mark.start_s, mark.end_s, mark.channel)):
        by_time.setdefault((round(mark.start_s, 2), round(mark.end_s, 2), mark.policy), []).append(mark)
    return list(by_time.values())


def _is_of(mark: NotedSpan, finding: ShownFinding, mixed: bool) -> bool:
    """Whether a mark corrects the place of a finding: they share half of the shorter one."""
    shared_s = min(mark.end_s, finding.end_s) - max(mark.start_s, finding.start_s)
    shorter_s = min(mark.end_s - mark.start_s, finding.end_s - finding.start_s)
    return (mixed or mark.channel == finding.channel) and shared_s > 0 and shared_s >= shorter_s / 2


def drawn(recording_ids: Iterable[str], count: int, seed: int) -> frozenset[str]:
    """A random sample, the same for the same recordings and seed. A larger sample contains the smaller ones."""
    return frozenset(sorted(recording_ids, key=lambda recording_id: _rank(recording_id, seed))[:count])


def _rank(recording_id: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}\0{recording_id}".encode("utf-8", "surrogatepass")).digest()
