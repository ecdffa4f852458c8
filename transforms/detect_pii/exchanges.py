"""Whole answers to questions for personal data, and whole exchanges from a question to its confirmation.

High caution redacts answers as a whole, and `--exchanges` redacts exchanges as a whole, whatever was found in them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import accumulate
from typing import NamedTuple

from hushbeam.schemas.finding import Candidate
from hushbeam.schemas.policies import broader
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.detect_pii.text.cues import Cue, find_cues, lowered

ANSWERS = "answers"
EXCHANGES = "exchanges"
"""Names of detectors."""

_KINDS_OF_CUES = {
    "card": ("credit_card_number",),
    "code": ("password", "credit_card_cvv", "number_sequence"),
}
"""Policies of the cues that name a kind of value."""
_PARTS = re.compile(r"[^\W\d_]+")
_SCORE = 0.5
_LONGEST_ANSWER_S = 30.0
_BACKCHANNEL_WORDS = 3
_LONGEST_QUESTION_WORDS = 40
_LONGEST_ANSWER_WORDS = 8
"""Of an answer that is redacted for what was found in it: longer turns tell more than was asked."""

_ANNOUNCED_WORDS = 3
"""Words of a value that its speaker names before it: "my name is"."""


class Question(NamedTuple):
    """Words that ask for personal data or announce it.

    Attributes:
      turn: Their utterance.
      end_s: Time of the last word's end.
    """

    turn: int
    end_s: float


class _Turns:
    """Utterances of a conversation by number: who speaks, how long, which words."""

    def __init__(self, conversation: Conversation) -> None:
        self._utterances = conversation.utterances
        self._ends = list(accumulate(len(utterance.words) for utterance in self._utterances))
        self.is_one_channel = conversation.is_one_channel

    def __len__(self) -> int:
        return len(self._utterances)

    def words(self, turn: int) -> tuple[int, int]:
        """First and last word."""
        return self._ends[turn] - len(self._utterances[turn].words), self._ends[turn] - 1

    def count(self, turn: int) -> int:
        return len(self._utterances[turn].words)

    def pause_s(self, before: int, turn: int) -> float:
        """Seconds from the end of one turn to the start of a later one; 0 where one of them has no word."""
        first, second = self._utterances[before], self._utterances[turn]
        return second.start_s - first.end_s if first.words and second.words else 0.0

    def are_of_one_speaker(self, one: int, other: int) -> bool:
        """In one channel nobody knows who speaks: neighbours are taken for two speakers."""
        if self.is_one_channel:
            return one == other
        return self._utterances[one].channel == self._utterances[other].channel

    def is_backchannel(self, turn: int) -> bool:
        return self.count(turn) <= _BACKCHANNEL_WORDS and not self.asks(turn)

    def asks(self, turn: int) -> bool:
        return any("?" in word.text for word in self._utterances[turn].words)


def find_answers(
    conversation: Conversation, candidates: Iterable[Candidate], requested: Collection[str]
) -> Iterator[Candidate]:
    """All words of the turns that answer a question, up to the next thing that the asker says.

    A question for personal data names it ("and the expiry date"), or something in a short answer is a candidate.

    Args:
      candidates: What was found under requested policies.
    """
    turns = _Turns(conversation)
    found: dict[int, list[str]] = {}
    for candidate in candidates:
        found.setdefault(conversation.turn_of(candidate.first_word), []).append(candidate.policy)
    named: dict[int, str] = {}
    for cue, policy in requested_cues(conversation, requested):
        # Who says the value with its name does not ask for it.
        if policy not in found.get(cue.turn, ()):
            named.setdefault(cue.turn, policy)
    for question in range(len(turns)):
        if turns.count(question) > _LONGEST_QUESTION_WORDS or not (question in named or turns.asks(question)):
            continue
        for turn in _answering(turns, question):
            policies = [named[question]] if question in named else found.get(turn, [])
            is_short = turns.count(turn) <= _LONGEST_ANSWER_WORDS
            if policies and turns.count(turn) and (is_short or question in named):
                yield Candidate(policies[0], *turns.words(turn), _SCORE, ANSWERS)


def requested_cues(conversation: Conversation, requested: Collection[str]) -> Iterator[tuple[Cue, str]]:
    """Cues of data under requested policies, each with the first of these policies that it names."""
    for cue in find_cues(conversation):
        named = _KINDS_OF_CUES.get(cue.policy, (cue.policy, *broader(cue.policy)))
        policy = next((name for name in named if name in requested), None)
        if policy is not None:
            yield cue, policy


def find_questions(conversation: Conversation, requested: Collection[str]) -> list[Question]:
    """What asks for data under requested policies or announces it, in the order of the turns.

    If the language has no words for one of the policies, every question mark may ask for it.
    """
    language = conversation.language
    asked_words = {name: words for name, words in language.asked_words.items() if _is_wanted(name, requested)}
    of_cues = {name for cue in language.cues for name in _KINDS_OF_CUES.get(cue, (cue,))}
    known = of_cues | language.asked_words.keys()
    signs = frozenset() if all(known & {policy, *broader(policy)} for policy in requested) else frozenset("?¿")
    words = frozenset().union(*asked_words.values())
    found = {Question(cue.turn, cue.end_s) for cue, _ in requested_cues(conversation, requested)}
    for number, word in enumerate(conversation.words):
        if not (words.isdisjoint(_PARTS.findall(lowered(word.text))) and signs.isdisjoint(word.text)):
            found.add(Question(conversation.turn_of(number), word.end_s))
    return sorted(found)


def words_of_answers(conversation: Conversation, requested: Collection[str]) -> set[int]:
    """The words in which data under requested policies may follow on a question or on its own announcement."""
    turns = _Turns(conversation)
    words: set[int] = set()
    for question in find_questions(conversation, requested):
        first, last = turns.words(question.turn)
        after = [word for word in range(first, last + 1) if conversation.words[word].start_s >= question.end_s]
        words.update(after[: _LONGEST_ANSWER_WORDS if turns.is_one_channel else _ANNOUNCED_WORDS])
        for turn in _answering(turns, question.turn):
            first, last = turns.words(turn)
            words.update(range(first, min(last, first + _LONGEST_ANSWER_WORDS - 1) + 1))
    return words


def _is_wanted(name: str, requested: Collection[str]) -> bool:
    """Whether a policy, one that it covers or one that covers it is requested."""
    return any(name in (policy, *broader(policy)) or policy in broader(name) for policy in requested)


def _answering(turns: _Turns, question: int) -> Iterator[int]:
    for turn in range(question + 1, len(turns)):
        if turns.pause_s(question, turn) > _LONGEST_ANSWER_S:
            return
        if not turns.are_of_one_speaker(turn, question):
            yield turn
            if turns.is_one_channel:
                return
        elif not turns.is_backchannel(turn):
            return


def find_exchanges(
    conversation: Conversation, candidates: Iterable[Candidate], policies: Collection[str]
) -> Iterator[Candidate]:
    """All words from the turn before the first to the turn after the last of neighbouring candidates of a policy.

    Args:
      policies: Those whose exchanges are redacted.
    """
    turns = _Turns(conversation)
    by_policy: dict[str, set[int]] = {}
    for candidate in candidates:
        if not {candidate.policy, *broader(candidate.policy)}.isdisjoint(policies):
            by_policy.setdefault(candidate.policy, set()).add(conversation.turn_of(candidate.first_word))
    for policy, found in by_policy.items():
        inside: set[int] = set()
        for turn in found:
            inside.update(_around(turns, turn))
        for turn in filter(turns.count, sorted(inside)):
            yield Candidate(policy, *turns.words(turn), _SCORE, EXCHANGES)


def _around(turns: _Turns, turn: int) -> Iterator[int]:
    """A turn, the question before it and the confirmation after it, with what lies between them."""
    first = turn
    while first > 0 and turns.are_of_one_speaker(first, turn) and turns.pause_s(first - 1, turn) <= _LONGEST_ANSWER_S:
        first -= 1
    while first > 0 and turns.is_backchannel(first) and turns.pause_s(first - 1, turn) <= _LONGEST_ANSWER_S:
        first -= 1
    last = turn
    while (
        last + 1 < len(turns)
        and turns.are_of_one_speaker(last, turn)
        and turns.pause_s(turn, last + 1) <= _LONGEST_ANSWER_S
    ):
        last += 1
    yield from range(first, last + 1)
