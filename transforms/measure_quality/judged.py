"""What a review says about each finding, and about what was not found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hushbeam.schemas.correction import in_all_channels, is_false_positive
from hushbeam.schemas.spans import TimeSpan
from hushbeam.transforms.archive.reviews import NotedSpan, Review, ShownFinding


@dataclass(frozen=True)
class Judged:
    """A reviewed recording.

    Attributes:
      real: Findings that are personal data.
      false_positives: Findings that are not.
      missed: What the run did not find, once each: a mark on several channels is one.
      moved: Marks over what was found: the run knew of it, and muted it too early, too late, too long or too short.
    """

    review: Review
    real: tuple[ShownFinding, ...]
    false_positives: tuple[ShownFinding, ...]
    missed: tuple[NotedSpan, ...]
    moved: tuple[NotedSpan, ...]


def judged(review: Review) -> Judged:
    """Compares what a reviewer decided with what they had before them."""
    reviewed = review.reviewed
    spans = tuple(TimeSpan(span.channel, span.start_s, span.end_s) for span in review.false_positives)
    if reviewed.mixed:
        spans = in_all_channels(spans, reviewed.channels)
    found, mixed = reviewed.found, reviewed.mixed
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


def _by_time(marks: Iterable[NotedSpan]) -> Sequence[Sequence[NotedSpan]]:
    """Marks of the same time and policy: the page marks all channels at once."""
    by_time: dict[tuple[float, float, str], list[NotedSpan]] = {}
    for mark in sorted(marks, key=lambda mark: (mark.start_s, mark.end_s, mark.channel)):
        by_time.setdefault((round(mark.start_s, 2), round(mark.end_s, 2), mark.policy), []).append(mark)
    return list(by_time.values())


def _is_of(mark: NotedSpan, finding: ShownFinding, mixed: bool) -> bool:
    """Whether a mark says better where a finding is: they share half of the shorter one."""
    shared_s = min(mark.end_s, finding.end_s) - max(mark.start_s, finding.start_s)
    shorter_s = min(mark.end_s - mark.start_s, finding.end_s - finding.start_s)
    return (mixed or mark.channel == finding.channel) and shared_s > 0 and shared_s >= shorter_s / 2
