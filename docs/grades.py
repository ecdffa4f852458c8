"""Grades of the policies: how much of their mentions was redacted when detection was measured last."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Literal

Grade = Literal["reliable", "fair", "best effort"]

RELIABLE, FAIR = Fraction("0.95"), Fraction("0.85")
"""Least shares of mentions of which all words are redacted."""
FEWEST_MENTIONS = 60
"""A policy with fewer mentions is graded `best effort`: at 60, a recall of 0.95 is known to about 0.06."""
GRADES = Path(__file__).with_name("grades.json")
"""What was measured; `make grades` writes it."""


@dataclass(frozen=True)
class MeasuredRecall:
    """How much of a policy's mentions in written conversations is redacted.

    Counts, because a grade from shares that were rounded would be too good at the limits.

    Attributes:
      mentions: Of the policy, and of those that it covers.
      any_word, all_words: Mentions of which at least one word, or all words, are redacted.
      all_words_alone: Mentions of which all words are where this policy alone is requested.
    """

    mentions: int
    any_word: int
    all_words: int
    all_words_alone: int

    @property
    def shares(self) -> tuple[float, float, float] | None:
        """Of any word, all words, and all words alone; None of no mentions."""
        if not self.mentions:
            return None
        return self.any_word / self.mentions, self.all_words / self.mentions, self.all_words_alone / self.mentions

    @property
    def grade(self) -> Grade:
        if self.mentions < FEWEST_MENTIONS or self.all_words < FAIR * self.mentions:
            return "best effort"
        return "reliable" if self.all_words >= RELIABLE * self.mentions else "fair"


@dataclass(frozen=True)
class Measurement:
    """Content of `grades.json`.

    Attributes:
      detector: Identity of the model that decided.
      conversations: How many English conversations were measured.
      recall: By policy of the catalogue.
    """

    date: str
    detector: str
    conversations: int
    recall: Mapping[str, MeasuredRecall]


@cache
def measurement() -> Measurement:
    """What was measured last, read once."""
    content = json.loads(GRADES.read_text(encoding="utf-8"))
    recall = {policy: MeasuredRecall(**figures) for policy, figures in content.pop("recall").items()}
    return Measurement(**content, recall=recall)
