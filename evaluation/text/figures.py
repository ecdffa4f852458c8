"""Counts and figures of detection on text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hushbeam.schemas.finding import Finding
from hushbeam.schemas.policies import broader
from hushbeam.schemas.transcript import Word
from hushbeam.transforms.detect_pii.detector import DetectionRequest, Detector
from training.generated.calls import GoldEntity, LabelledTranscript


@dataclass(frozen=True)
class Missed:
    """An entity of which some words stay readable. `said` is empty where nobody should see it."""

    name: str
    policy: str
    kind: str
    said: str


@dataclass
class Tally:
    """Counts over labelled transcripts.

    Attributes:
      entities, touched, covered: By policy: all entities, those of which at least one word is redacted under
        whatever policy, those of which all words are.
      findings, right: By policy: findings that say something about it (those on neutral words do not), and those
        that touch an entity of any policy.
      negative_words, redacted_negative_words: Words of no entity that are not neutral.
      characters: Letters and digits: `gold` in entities, `found` in findings, `both`.
    """

    entities: Counter[str] = field(default_factory=Counter)
    touched: Counter[str] = field(default_factory=Counter)
    covered: Counter[str] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    negative_words: int = 0
    redacted_negative_words: int = 0
    characters: Counter[str] = field(default_factory=Counter)
    missed: list[Missed] = field(default_factory=list)
    false_alarms: list[Missed] = field(default_factory=list)

    def add(self, labelled: LabelledTranscript, findings: Sequence[Finding]) -> None:
        """Counts one transcript."""
        words = labelled.transcript.words
        redacted = {word for finding in findings for word in _words_of(finding)}
        gold = {word for entity in labelled.entities for word in entity.words}
        for entity in labelled.entities:
            self._add_entity(labelled, entity, redacted)
        for finding in findings:
            held = set(_words_of(finding))
            if held & gold:
                self.findings[finding.policy] += 1
                self.right[finding.policy] += 1
            elif not held & labelled.neutral:
                self.findings[finding.policy] += 1
                self.false_alarms.append(
                    Missed(labelled.name, finding.policy, finding.detector, _text(words, sorted(held)))
                )
        negative = set(range(len(words))) - gold - labelled.neutral
        self.negative_words += len(negative)
        self.redacted_negative_words += len(negative & redacted)
        for number, word in enumerate(words):
            if number in labelled.neutral:
                continue
            size = sum(character.isalnum() for character in word.text)
            self.characters["gold"] += size * (number in gold)
            self.characters["found"] += size * (number in redacted)
            self.characters["both"] += size * (number in gold and number in redacted)

    def _add_entity(self, labelled: LabelledTranscript, entity: GoldEntity, redacted: Collection[int]) -> None:
        found = [word for word in entity.words if word in redacted]
        self.entities[entity.policy] += 1
        self.touched[entity.policy] += bool(found)
        self.covered[entity.policy] += len(found) == len(entity.words)
        if len(found) < len(entity.words):
            kind = "cut short" if found else "missed"
            said = _text(labelled.transcript.words, entity.words)
            self.missed.append(Missed(labelled.name, entity.policy, kind, said))

    def figures(self) -> dict[str, Any]:
        """The figures, in all and by policy."""
        policies = sorted(self.entities.keys() | {self._counted_as(policy) for policy in self.findings})
        character_recall = _ratio(self.characters["both"], self.characters["gold"])
        character_precision = _ratio(self.characters["both"], self.characters["found"])
        return {
            "entities": self.entities.total(),
            **self._figures_of(policies),
            "over_redacted_words": _ratio(self.redacted_negative_words, self.negative_words),
            "negative_words": self.negative_words,
            "character_recall": character_recall,
            "character_precision": character_precision,
            "character_f2": f2(character_precision, character_recall),
            "by_policy": {policy: {"n": self.entities[policy], **self._figures_of([policy])} for policy in policies},
        }

    def _counted_as(self, policy: str) -> str:
        """The labelled policy that a found one is part of: `location_city` is counted under `location`."""
        return next((name for name in (policy, *broader(policy)) if name in self.entities), policy)

    def _figures_of(self, policies: Iterable[str]) -> dict[str, float | None]:
        policies = list(policies)

        def total(counter: Counter[str]) -> int:
            return sum(count for policy, count in counter.items() if self._counted_as(policy) in policies)

        recall = _ratio(total(self.touched), total(self.entities))
        precision = _ratio(total(self.right), total(self.findings))
        return {
            "recall_any": recall,
            "recall_full": _ratio(total(self.covered), total(self.entities)),
            "precision": precision,
            "f2": f2(precision, recall),
        }


def measure(detector: Detector, transcripts: Iterable[LabelledTranscript], policies: Collection[str]) -> Tally:
    """Runs the detector over labelled transcripts."""
    tally = Tally()
    for labelled in transcripts:
        tally.add(labelled, detector.detect(DetectionRequest(labelled.transcript, policies)).findings)
    return tally


def f2(precision: float | None, recall: float | None) -> float | None:
    """The F measure that weighs recall twice as much as precision."""
    if precision is None or recall is None or precision + recall == 0:
        return None
    return round(5 * precision * recall / (4 * precision + recall), 4)


def _words_of(finding: Finding) -> range:
    if finding.first_word is None or finding.last_word is None:
        return range(0)
    return range(finding.first_word, finding.last_word + 1)


def _text(words: Sequence[Word], numbers: Iterable[int]) -> str:
    return "".join(words[number].text for number in numbers).strip()


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
