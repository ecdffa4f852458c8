"""Quality figures of reviewed recordings: recall, over-redaction, and both by threshold."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from hushbeam.transforms.archive.reviews import NotedSpan, Review, ShownFinding
from hushbeam.transforms.base.plurals import counted
from hushbeam.transforms.measure_quality.judged import Judged, judged, of_requested
from hushbeam.transforms.mute_audio.untranscribed import POLICY as UNTRANSCRIBED

_Z = 1.959964
"""Quantile of the normal distribution for a 95 % interval."""

_STEPS = 20
_FEWEST_RECORDINGS = 2


@dataclass(frozen=True)
class Share:
    """A share, with Wilson's 95 % interval of its probability.

    Values of one recording are not independent: one voice or one subject makes many hard or all easy. So the interval
    is that of fewer values, as many as would vary as much if they were independent (`whole` by the design effect).

    Attributes:
      design_effect: How many times the variance over recordings is that of independent values; at least 1.
      low, high: Bounds of the interval; 0 and 1 if `whole` is 0.
    """

    part: int
    whole: int
    design_effect: float = field(default=1.0, compare=False)

    @classmethod
    def over(cls, recordings: Iterable[tuple[int, int]]) -> Self:
        """The share over recordings, each given as (part, whole)."""
        counts = [(part, whole) for part, whole in recordings if whole]
        part, whole = sum(part for part, _ in counts), sum(whole for _, whole in counts)
        return cls(part, whole, _design_effect(counts, part, whole))

    @property
    def value(self) -> float | None:
        return self.part / self.whole if self.whole else None

    @property
    def low(self) -> float:
        return self._bounds()[0]

    @property
    def high(self) -> float:
        return self._bounds()[1]

    def _bounds(self) -> tuple[float, float]:
        if not self.whole:
            return 0.0, 1.0
        share, n = self.part / self.whole, self.whole / self.design_effect
        middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
        reach = _Z / (1 + _Z**2 / n) * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
        # At 0 and 1 the bound is exact, but its computation is rounded.
        low = 0.0 if self.part == 0 else max(middle - reach, 0.0)
        high = 1.0 if self.part == self.whole else min(middle + reach, 1.0)
        return low, high

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        rounded = None if self.value is None else round(self.value, 4)
        bounds = {"value": rounded, "low": round(self.low, 4), "high": round(self.high, 4)}
        return asdict(self) | {"design_effect": round(self.design_effect, 3)} | bounds


def _design_effect(counts: Sequence[tuple[int, int]], part: int, whole: int) -> float:
    """Of a share over recordings (Kish): the variance of the ratio over recordings / that of independent values."""
    if len(counts) < _FEWEST_RECORDINGS or not 0 < part < whole:
        return 1.0
    share = part / whole
    between = sum((own_part - share * own_whole) ** 2 for own_part, own_whole in counts)
    variance = len(counts) / (len(counts) - 1) * between / whole**2
    return max(1.0, variance / (share * (1 - share) / whole))


@dataclass(frozen=True)
class OfPolicy:
    """Figures of one policy, or of all policies.

    Attributes:
      recall: Personal data found / all personal data.
      false_positives: Findings that are not personal data / findings.
      moved: Number of muted spans that reviewers moved.
    """

    recall: Share
    false_positives: Share
    moved: int


@dataclass(frozen=True)
class AtThreshold:
    """Figures of the findings with at least a score, as if the others had not been redacted.

    Attributes:
      over_redacted_words: Redacted words that are not personal data / words that are not personal data.
    """

    threshold: float
    recall: Share
    over_redacted_words: Share


@dataclass(frozen=True)
class Figures:
    """All figures of reviewed recordings.

    Attributes:
      recordings: Number of reviewed recordings.
      hours: Their total length.
      configurations: Number of different configurations, options and models, among their outputs.
      nothing_missed: Recordings without missed personal data / recordings.
      overall: Figures of all policies.
      policies: Figures by policy.
      untranscribed: False positives / spans of speech that were muted only because they have no words. They count in
        no other figure.
      over_redacted_words: As at threshold 0.
      curve: From threshold 0 to 1.
      left_out: Number of marks that count in no figure, by their policy, which the recording did not request.
    """

    recordings: int
    hours: float
    configurations: int
    nothing_missed: Share
    overall: OfPolicy
    policies: dict[str, OfPolicy]
    untranscribed: Share
    over_redacted_words: Share
    curve: tuple[AtThreshold, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "recordings": self.recordings,
            "hours": round(self.hours, 3),
            "configurations": self.configurations,
            "nothing_missed": self.nothing_missed.to_json(),
            "overall": _policy_json(self.overall),
            "policies": {name: _policy_json(policy) for name, policy in self.policies.items()},
            "untranscribed_false_positives": self.untranscribed.to_json(),
            "over_redacted_words": self.over_redacted_words.to_json(),
            "curve": [
                {
                    "threshold": point.threshold,
                    "recall": point.recall.to_json(),
                    "over_redacted_words": point.over_redacted_words.to_json(),
                }
                for point in self.curve
            ],
            "left_out_marks": dict(self.left_out),
        }


def measure(reviews: Iterable[Review], *, all_marks: bool = False) -> Figures:
    """The figures of reviewed recordings.

    Args:
      all_marks: Whether marks count whose policy the recording did not request. The run could not find them.
    """
    with_all_marks = [judged(review) for review in reviews]
    all_judged = with_all_marks if all_marks else [of_requested(one) for one in with_all_marks]
    left_out = _marks(with_all_marks) - _marks(all_judged)
    names = {finding.policy for one in all_judged for finding in (*one.real, *one.false_positives)}
    names |= {mark.policy for one in all_judged for mark in one.missed}
    names.discard(UNTRANSCRIBED)
    curve = tuple(_at(step / _STEPS, all_judged) for step in range(_STEPS + 1))
    untranscribed = [
        (sum(finding in one.false_positives for finding in flagged), len(flagged))
        for one in all_judged
        if (flagged := [each for each in (*one.real, *one.false_positives) if each.policy == UNTRANSCRIBED])
    ]
    return Figures(
        recordings=len(all_judged),
        hours=sum(one.review.reviewed.duration_s for one in all_judged) / 3600,
        configurations=len({one.review.reviewed.configuration_id for one in all_judged}),
        nothing_missed=Share(sum(not one.missed for one in all_judged), len(all_judged)),
        overall=_of(names, all_judged),
        policies={name: _of({name}, all_judged) for name in sorted(names)},
        untranscribed=Share.over(untranscribed),
        over_redacted_words=curve[0].over_redacted_words,
        curve=curve,
        left_out=dict(sorted(left_out.items())),
    )


def _marks(all_judged: Iterable[Judged]) -> Counter[str]:
    return Counter(mark.policy for one in all_judged for mark in one.missed)


def left_out(figures: Figures) -> str:
    """Tells which marks do not count."""
    marks = counted(sum(figures.left_out.values()), "mark")
    policies = ", ".join(f"{name} {number}" for name, number in figures.left_out.items())
    return f"Left out: {marks} under policies that were not requested: {policies}"


def _of(policies: set[str], all_judged: Sequence[Judged]) -> OfPolicy:
    def count(places: Iterable[ShownFinding | NotedSpan]) -> int:
        return sum(place.policy in policies for place in places)

    real = [count(one.real) for one in all_judged]
    missed = [count(one.missed) for one in all_judged]
    false_positives = [count(one.false_positives) for one in all_judged]
    return OfPolicy(
        Share.over((found, found + lost) for found, lost in zip(real, missed, strict=True)),
        Share.over((wrong, found + wrong) for found, wrong in zip(real, false_positives, strict=True)),
        sum(count(one.moved) for one in all_judged),
    )


def _at(threshold: float, all_judged: Sequence[Judged]) -> AtThreshold:
    recall, words = [], []
    for one in all_judged:
        real = [finding for finding in one.real if finding.policy != UNTRANSCRIBED]
        wrong = [finding for finding in one.false_positives if finding.policy != UNTRANSCRIBED]
        recall.append((sum(finding.score >= threshold for finding in real), len(real) + len(one.missed)))
        others = one.review.reviewed.words - sum(finding.words for finding in real)
        words.append((sum(finding.words for finding in wrong if finding.score >= threshold), others))
    return AtThreshold(threshold, Share.over(recall), Share.over(words))


def _policy_json(policy: OfPolicy) -> dict[str, Any]:
    return {
        "recall": policy.recall.to_json(),
        "false_positives": policy.false_positives.to_json(),
        "moved": policy.moved,
    }
