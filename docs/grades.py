"""Grades of the policies: how much of their mentions was redacted when detection was measured last."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

Grade = Literal["reliable", "fair", "best effort"]

RELIABLE, FAIR = 0.95, 0.85
"""Least shares of mentions of which all words are redacted."""
FEWEST_MENTIONS = 60
"""A policy with fewer mentions is graded `best effort`: at 60, a recall of 0.95 is known to about 0.06."""
GRADES = Path(__file__).with_name("grades.json")
"""What was measured; `make grades` writes it."""


@dataclass(frozen=True)
class MeasuredRecall:
    """How much of a policy's mentions in written conversations is redacted.

    Attributes:
      mentions: Of the policy, and of those that it covers.
      any_word, all_words: Shares of mentions of which at least one word, or all words, are redacted.
      all_words_alone: The same share where this policy alone is requested; None if it was not measured.
    """

    mentions: int
    any_word: float | None
    all_words: float | None
    all_words_alone: float | None = None

    @property
    def grade(self) -> Grade:
        if self.all_words is None or self.mentions < FEWEST_MENTIONS or self.all_words < FAIR:
            return "best effort"
        return "reliable" if self.all_words >= RELIABLE else "fair"


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
