"""Quality figures of reviewed recordings: recall, over-redaction, and both by threshold."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from hushbeam.transforms.archive.reviews import Review
from hushbeam.transforms.measure_quality.judged import Judged, judged
from hushbeam.transforms.mute_audio.untranscribed import POLICY as UNTRANSCRIBED

_Z = 1.959964
"""Quantile of the normal distribution for a 95 % interval."""

_STEPS = 20


@dataclass(frozen=True)
class Share:
    """A share, with Wilson's 95 % interval of its probability.

    Attributes:
      low, high: Bounds of the interval; 0 and 1 if `whole` is 0.
    """

    part: int
    whole: int

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
        share, n = self.part / self.whole, self.whole
        middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
        reach = _Z / (1 + _Z**2 / n) * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
        # At 0 and 1 the bound is exact, but its computation is rounded.
        low = 0.0 if self.part == 0 else max(middle - reach, 0.0)
        high = 1.0 if self.part == self.whole else min(middle + reach, 1.0)
        return low, high

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        rounded = None if self.value is None else round(self.value, 4)
        return asdict(self) | {"value": rounded, "low": round(self.low, 4), "high": round(self.high, 4)}


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
        }


def measure(reviews: Iterable[Review]) -> Figures:
    """The figures of reviewed recordings."""
    all_judged = [judged(review) for review in reviews]
    names = {finding.policy for one in all_judged for finding in (*one.real, *one.false_positives)}
    names |= {mark.policy for one in all_judged for mark in one.missed}
    names.discard(UNTRANSCRIBED)
    curve = tuple(_at(step / _STEPS, all_judged) for step in range(_STEPS + 1))
    untranscribed = [
        finding in one.false_positives
        for one in all_judged
        for finding in (*one.real, *one.false_positives)
        if finding.policy == UNTRANSCRIBED
    ]
    return Figures(
        recordings=len(all_judged),
        hours=sum(one.review.reviewed.duration_s for one in all_judged) / 3600,
        configurations=len({one.review.reviewed.configuration for one in all_judged}),
        nothing_missed=Share(sum(not one.missed for one in all_judged), len(all_judged)),
        overall=_of(names, all_judged),
        policies={name: _of({name}, all_judged) for name in sorted(names)},
        untranscribed=Share(sum(untranscribed), len(untranscribed)),
        over_redacted_words=curve[0].over_redacted_words,
        curve=curve,
    )


def _of(policies: set[str], all_judged: Sequence[Judged]) -> OfPolicy:
    real = sum(finding.policy in policies for one in all_judged for finding in one.real)
    false_positives = sum(finding.policy in policies for one in all_judged for finding in one.false_positives)
    missed = sum(mark.policy in policies for one in all_judged for mark in one.missed)
    moved = sum(mark.policy in policies for one in all_judged for mark in one.moved)
    return OfPolicy(Share(real, real + missed), Share(false_positives, real + false_positives), moved)


def _at(threshold: float, all_judged: Sequence[Judged]) -> AtThreshold:
    real = [finding for one in all_judged for finding in one.real if finding.policy != UNTRANSCRIBED]
    false_positives = [
        finding for one in all_judged for finding in one.false_positives if finding.policy != UNTRANSCRIBED
    ]
    missed = sum(len(one.missed) for one in all_judged)
    words = sum(one.review.reviewed.words for one in all_judged)
    return AtThreshold(
        threshold,
        Share(sum(finding.score >= threshold for finding in real), len(real) + missed),
        Share(
            sum(finding.words for finding in false_positives if finding.score >= threshold),
            words - sum(finding.words for finding in real),
        ),
    )


def _policy_json(policy: OfPolicy) -> dict[str, Any]:
    return {
        "recall": policy.recall.to_json(),
        "false_positives": policy.false_positives.to_json(),
        "moved": policy.moved,
    }
