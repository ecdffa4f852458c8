"""Agreement of two reviewers of the same recordings: on findings of the run, and on what they marked as missed.

Findings are the same for both, so Cohen's kappa is defined: how much more often they agree than by chance. What they
marked has no counterpart that both left out, so there is only positive agreement: of all marks, the share that the
other one made too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from hushbeam.schemas.finding import FLAGGED
from hushbeam.transforms.archive.reviews import NotedSpan, Review
from hushbeam.transforms.measure_quality.judged import Judged, judged
from hushbeam.transforms.mute_audio.untranscribed import POLICY as UNTRANSCRIBED


@dataclass(frozen=True)
class Counts:
    """How two reviewers decided on the same things.

    Attributes:
      both, neither: Decided alike.
      only_first, only_second: Decided differently.
    """

    both: int = 0
    neither: int = 0
    only_first: int = 0
    only_second: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.both + other.both,
            self.neither + other.neither,
            self.only_first + other.only_first,
            self.only_second + other.only_second,
        )

    @property
    def total(self) -> int:
        return self.both + self.neither + self.only_first + self.only_second

    @property
    def positive_agreement(self) -> float | None:
        """Of all that either named, counted for each of them, the share that both named; None if neither named any."""
        named = 2 * self.both + self.only_first + self.only_second
        return 2 * self.both / named if named else None

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa; None if there is nothing to agree on, or if both always decided the same one way."""
        if not self.total:
            return None
        first, second = (self.both + self.only_first) / self.total, (self.both + self.only_second) / self.total
        by_chance = first * second + (1 - first) * (1 - second)
        observed = (self.both + self.neither) / self.total
        return (observed - by_chance) / (1 - by_chance) if by_chance < 1 else None


@dataclass(frozen=True)
class Agreement:
    """Agreement of two reviewers.

    Attributes:
      recordings: That both reviewed in the same version.
      findings: Findings of the run: `both` if both hold it to be personal data, `neither` if both call it a false
        positive.
      marks: Personal data that the run missed: `both` if both marked it. `neither` is always 0.
    """

    reviewers: tuple[str, str]
    recordings: int
    findings: Counts
    marks: Counts

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "reviewers": list(self.reviewers),
            "recordings": self.recordings,
            "findings": {**vars(self.findings), "kappa": _rounded(self.findings.kappa)},
            "marks": {**vars(self.marks), "positive_agreement": _rounded(self.marks.positive_agreement)},
        }


def agreements(reviews: Mapping[str, Sequence[Review]]) -> tuple[Agreement, ...]:
    """The agreement of every two reviewers who reviewed the same output of at least one recording.

    Args:
      reviews: By recording id, one for each reviewer.
    """
    pairs: defaultdict[tuple[str, str], list[tuple[Counts, Counts]]] = defaultdict(list)
    for of_recording in reviews.values():
        for first, second in combinations(sorted(of_recording, key=lambda review: review.reviewer), 2):
            if _of_the_same(first, second):
                pairs[first.reviewer, second.reviewer].append(_compared(judged(first), judged(second)))
    return tuple(
        Agreement(
            names,
            len(compared),
            sum((findings for findings, _ in compared), Counts()),
            sum((marks for _, marks in compared), Counts()),
        )
        for names, compared in sorted(pairs.items())
    )


def _of_the_same(first: Review, second: Review) -> bool:
    """Whether two reviewers saw the same findings. Later runs may have replaced the output between them."""
    return first.reviewer != second.reviewer and (
        first.reviewed.output_identity == second.reviewed.output_identity
        and first.reviewed.found == second.reviewed.found
    )


def _compared(first: Judged, second: Judged) -> tuple[Counts, Counts]:
    findings = Counts()
    for finding in first.review.reviewed.found:
        if finding.detector != FLAGGED and finding.policy != UNTRANSCRIBED:
            decided = finding in first.real, finding in second.real
            findings += Counts(
                int(decided == (True, True)),
                int(decided == (False, False)),
                int(decided == (True, False)),
                int(decided == (False, True)),
            )
    both = _matched(first.missed, second.missed)
    return findings, Counts(both, 0, len(first.missed) - both, len(second.missed) - both)


def _matched(first: Iterable[NotedSpan], second: Iterable[NotedSpan]) -> int:
    """How many marks of one reviewer are also marks of the other: each counts once, the largest overlap first.

    In any channel, as a mark may be on one channel or on all.
    """
    left, right = list(first), list(second)
    shared = [
        (min(a.end_s, b.end_s) - max(a.start_s, b.start_s), i, j)
        for i, a in enumerate(left)
        for j, b in enumerate(right)
    ]
    used_left: set[int] = set()
    used_right: set[int] = set()
    for shared_s, i, j in sorted(shared, reverse=True):
        shorter_s = min(left[i].end_s - left[i].start_s, right[j].end_s - right[j].start_s)
        if shared_s > 0 and shared_s >= shorter_s / 2 and i not in used_left and j not in used_right:
            used_left.add(i)
            used_right.add(j)
    return len(used_left)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
