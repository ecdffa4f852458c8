"""Counts of what redaction does to the mentions and to the other words of written conversations.

A mention is a required (not an optional) marked piece whose policy is requested. Other words belong to no mark of any
policy: words of optional marks, and of policies that are not requested, count neither way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from hushbeam.schemas.policies import PRESETS
from training.examples import Example, Mention

_DEFAULT = frozenset(PRESETS["default"])


@dataclass(frozen=True)
class Recall:
    """Mentions: all, those with at least one redacted word, and those of which all words are redacted."""

    mentions: int = 0
    any_word: int = 0
    all_words: int = 0

    def __add__(self, other: Recall) -> Recall:
        return Recall(self.mentions + other.mentions, self.any_word + other.any_word, self.all_words + other.all_words)

    def figures(self) -> dict[str, Any]:
        """The count of mentions, and the two shares of them."""
        return {
            "mentions": self.mentions,
            "any_word": ratio(self.any_word, self.mentions),
            "all_words": ratio(self.all_words, self.mentions),
        }


@dataclass(frozen=True)
class OtherWords:
    """Words that belong to no mark, how many of them are redacted, and runs of redacted words that touch no mark."""

    words: int = 0
    redacted: int = 0
    alarms: int = 0

    def __add__(self, other: OtherWords) -> OtherWords:
        return OtherWords(self.words + other.words, self.redacted + other.redacted, self.alarms + other.alarms)


@dataclass(frozen=True)
class Counts:
    """What redaction did to one conversation, or to several.

    Attributes:
      by_policy: Mentions, by the policy of their mark.
      dialogues: Conversations with mentions.
      without_leak: Those of them in which all words of all mentions are redacted.
      other: Words outside marks.
      innocent: Those of conversations without a required mark of a default policy.
    """

    by_policy: dict[str, Recall] = field(default_factory=dict)
    dialogues: int = 0
    without_leak: int = 0
    other: OtherWords = field(default_factory=OtherWords)
    innocent: OtherWords = field(default_factory=OtherWords)

    @property
    def recall(self) -> Recall:
        """Of all policies."""
        return sum(self.by_policy.values(), Recall())

    def __add__(self, more: Counts) -> Counts:
        policies = sorted(self.by_policy.keys() | more.by_policy.keys())
        return Counts(
            {one: self.by_policy.get(one, Recall()) + more.by_policy.get(one, Recall()) for one in policies},
            self.dialogues + more.dialogues,
            self.without_leak + more.without_leak,
            self.other + more.other,
            self.innocent + more.innocent,
        )

    def figures(self) -> dict[str, Any]:
        """The figures of a row of the table."""
        return {
            **self.recall.figures(),
            "over_redaction": ratio(self.other.redacted, self.other.words, 4),
            "alarms_per_1000_words": ratio(1000 * self.other.alarms, self.other.words, 1),
            "dialogues": self.dialogues,
            "dialogues_without_leak": ratio(self.without_leak, self.dialogues),
            "innocent_over_redaction": ratio(self.innocent.redacted, self.innocent.words, 4),
            "innocent_alarms_per_1000_words": ratio(1000 * self.innocent.alarms, self.innocent.words, 1),
        }


def count(example: Example, redacted: Collection[int], requested: Collection[str]) -> Counts:
    """Counts one conversation.

    Args:
      redacted: Numbers of the redacted words, counted over `Transcript.words`.
      requested: Policies, with those that they cover.
    """
    by_policy: dict[str, Recall] = {}
    for mention in mentions_of(example, requested):
        policy = mention.mark.policy
        by_policy[policy] = by_policy.get(policy, Recall()) + recall([mention], redacted)
    of_all = sum(by_policy.values(), Recall())
    other = _other_words(example, redacted)
    has_personal_data = any(mention.mark.policy in _DEFAULT for mention in example.required)
    return Counts(
        by_policy,
        dialogues=int(of_all.mentions > 0),
        without_leak=int(0 < of_all.mentions == of_all.all_words),
        other=other,
        innocent=OtherWords() if has_personal_data else other,
    )


def mentions_of(example: Example, requested: Collection[str]) -> Iterator[Mention]:
    """The required marked pieces of requested policies."""
    return (mention for mention in example.required if mention.mark.policy in requested)


def recall(mentions: Iterable[Mention], redacted: Collection[int]) -> Recall:
    """How many of these mentions are redacted, in part and as a whole."""
    found = [[word in redacted for word in mention.words] for mention in mentions]
    return Recall(len(found), sum(any(words) for words in found), sum(all(words) for words in found))


def ratio(part: float, whole: float, digits: int = 3) -> float | None:
    """A rounded quotient; None of nothing."""
    return round(part / whole, digits) if whole else None


def _other_words(example: Example, redacted: Collection[int]) -> OtherWords:
    marked = {word for mention in example.mentions for word in mention.words}
    words = len(example.transcript.words)
    alarms, first = 0, 0
    for utterance in example.transcript.utterances:
        in_turn = range(first, first + len(utterance.words))
        first = in_turn.stop
        for is_redacted, run in groupby(in_turn, key=redacted.__contains__):
            alarms += is_redacted and marked.isdisjoint(run)
    return OtherWords(words - len(marked), len(set(redacted) - marked), alarms)
