"""Decision: which words are redacted, from the probabilities of the conversation model.

A word is redacted if the probability that it belongs to any of the requested policies reaches the threshold. Which of
them it is comes second: a doubtful label within a family of policies never keeps a value readable. Words that the
recogniser doubts need less where personal data is expected: they may be misheard parts of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hushbeam.schemas.finding import Candidate
from hushbeam.schemas.policies import NUMBERS, Caution, broader
from hushbeam.transforms.detect_pii.exchanges import words_of_answers
from hushbeam.transforms.detect_pii.expected_words import CERTAIN, Evidence, announced_words, expected_words
from hushbeam.transforms.detect_pii.names.spelled import SPELLED
from hushbeam.transforms.detect_pii.numbers.checksums import proven_kind
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.detect_pii.text.tokens import bare, word_set
from hushbeam.transforms.detect_pii.unsigned_addresses import ADDRESSES, unsigned_addresses

MODEL = "conversation_model"
"""Name of the model as a detector: each of its candidates is one word, with the probability of one policy."""


class Thresholds(NamedTuple):
    """Probabilities of a word.

    Attributes:
      redacted: From here on the word is redacted.
      alone: The same, for a word far from any that is certain.
      misheard: The same, for a word that the recogniser doubts, beside a redacted word or in an answer to a question
        for personal data.
      between: The same, for a word or two between redacted words of one turn.
      expected: The same, for a word that is expected to be personal data: see `expected_words`.
      family: From here on a word belongs to a family of policies.
      family_label: From here on the words of a family are redacted for a policy of the family, where one of the words
        beside each other has this probability.
    """

    redacted: float
    alone: float
    misheard: float
    between: float
    expected: float
    family: float
    family_label: float


# The label of a family was measured on authors whom the model had not seen: the share of mentions of password with a
# redacted word, alone 0.91 from 0.001 and 0.003 on, 0.88 from 0.01 and 0.78 from 0.05 on; among the default policies it
# is 0.93. Meanwhile the share of all other marked words that go too falls from 0.55 to 0.29, 0.13 and 0.04; where
# location alone is requested, from 0.59 to 0.30, 0.09 and 0.03.
# What `alone` brings, on the English conversations of authors whom the model had not seen, as a recogniser writes them:
# with 0.32 instead of 0.18, 0.973 instead of 0.974 of mentions have a redacted word, in sparse conversations 0.871
# instead of 0.898; over-redaction of those without personal data is 0.008 instead of 0.012. Measured before the weights
# were mixed; 0.25 lies between.
# What `misheard` brings to the whole job with Whisper base (entities covered to 90 % before and after; over-redaction):
# telephone calls in white noise at 10 dB 0.943, 0.954, +0.0 %; on a u-law line with white noise 0.954, 0.966, +0.0 %;
# practice 0.959, 0.966, +0.8 %; people 0.984, 0.984, +0.0 %. 0.06 covers less and redacts as many other words. That was
# with 0.03 and the model before; with this one, 0.03 also takes an everyday "OK" of 0.038 for a misheard digit.
THRESHOLDS: Mapping[Caution, Thresholds] = MappingProxyType(
    {
        "low": Thresholds(0.5, 0.5, 0.5, 0.15, 0.15, 0.8, 0.05),
        "standard": Thresholds(0.18, 0.25, 0.04, 0.05, 0.05, 0.3, 0.003),
        "high": Thresholds(0.06, 0.06, 0.01, 0.015, 0.01, 0.1, 0.0003),
    }
)
FAMILIES = (
    word_set(
        "account_number banking_information credit_card_cvv credit_card_expiration credit_card_number date_of_birth "
        "drivers_license healthcare_number ip_address location_address_street location_zip number_sequence "
        "passport_number password phone_number us_social_security_number username vehicle_id"
    ),
    word_set("email_address ip_address number_sequence password person_name url username"),
    word_set(
        "location location_address location_address_street location_city location_coordinate location_country "
        "location_state location_zip"
    ),
    word_set("location_city password person_name username"),
    word_set("organization organization_medical_facility"),
    word_set("injury medical_condition medical_process"),
    word_set("gender gender_sexuality sexuality"),
    word_set("date date_interval"),
)
"""Policies that only a doubtful label tells apart: a number that may be a card, an account or a ticket is redacted for
whoever asks for one of them. The default policies contain all policies of a family or none, so that families add
nothing to them."""
_LEAST_PROBABILITY = 0.0001
"""Smaller probabilities are not kept."""
_LEAST_SOMETHING = 0.005
"""Nothing is kept of a word that is surer to be nothing than this."""
_READ_BY_RULES = frozenset({*NUMBERS, "email_address", "ip_address", "person_name", "url"})
"""Policies of values that are said in many ways, which rules know for the same."""
_ANNOUNCED = 0.4
"""Share of `expected` from which on a word is redacted where little else is said than a name or a letter."""
_DOUBTED = 0.5
"""The recogniser doubts words of lower confidence."""
_MISHEARD = frozenset(NUMBERS) | word_set(
    "date_of_birth drug email_address location location_address location_address_street location_city "
    "location_coordinate location_country location_state location_zip password person_name url username"
)
"""Policies of numbers, names, places and rare words, which recognisers mishear. Dates, amounts, events and the like are
everyday words."""
_LONGEST_GAP_WORDS = 2
_FAR_WORDS = 25
"""Words without a certain one on each side of a word that stands alone."""


_FAMILIES_OF = {
    policy: [number for number, family in enumerate(FAMILIES) if policy in family]
    for policy in frozenset().union(*FAMILIES)
}


def as_candidates(probabilities: NDArray[np.float32], labels: Sequence[str]) -> Iterator[Candidate]:
    """The probabilities of words (rows) and labels (columns, the first of which is nothing) as candidates."""
    something = 1.0 - probabilities[:, :1] >= _LEAST_SOMETHING
    for word, label in np.argwhere((probabilities[:, 1:] >= _LEAST_PROBABILITY) & something):
        score = round(float(probabilities[word, label + 1]), 4)
        yield Candidate(labels[label + 1], int(word), int(word), score, MODEL)


def decide(
    conversation: Conversation,
    of_model: Iterable[Candidate],
    of_rules: Iterable[Candidate],
    requested: Collection[str],
    caution: Caution,
) -> Iterator[Candidate]:
    """Runs of words to redact, each with one policy, and what rules found in them.

    Args:
      of_model: Candidates of the model, under all policies.
      of_rules: Candidates of rules under requested policies. Those that the decision agrees with are kept, since they
        know the value.
    """
    at = THRESHOLDS[caution]
    of_model, of_rules = tuple(of_model), tuple(of_rules)
    found = Probabilities(conversation, of_model, requested)
    in_family = found.in_family(at)
    redacted = redacted_words(conversation, found, at, of_rules) | in_family.any(axis=0)
    certainty = np.maximum(found.total, np.where(in_family, found.of_family, 0.0).max(axis=0)).clip(max=1.0)
    if caution != "high":
        addresses = np.logical_or.reduce([found.are(policy) for policy in ADDRESSES])
        unsigned = unsigned_addresses(conversation, certainty, redacted, addresses, requested)
        if unsigned:  # they may be personal data of another policy
            others = Probabilities(conversation, of_model, frozenset(requested) - ADDRESSES)
            redacted[unsigned] = redacted_words(conversation, others, at, of_rules)[unsigned]
    redacted |= _misheard(conversation, found, redacted, requested, at)
    policies = [
        owner.policy if owner and is_redacted else None for owner, is_redacted in zip(found.best, redacted, strict=True)
    ]
    _name_proven_numbers(policies, of_rules)
    _add_titles(conversation, policies)
    agreed = []
    for candidate in of_rules:
        span = slice(candidate.first_word, candidate.last_word + 1)
        if all(policy == candidate.policy for policy in policies[span]):
            agreed.append(replace(candidate, score=float(certainty[span].max())))
    yield from agreed
    runs = list(_runs(conversation, policies))
    run_of = {word: first for first, last, _ in runs for word in range(first, last + 1)}
    agreed_in: dict[int, list[Candidate]] = {}
    for candidate in agreed:
        agreed_in.setdefault(run_of[candidate.first_word], []).append(candidate)
    for first, last, policy in runs:
        value = _value(conversation, first, last, policy, agreed_in.get(first, ()))
        yield Candidate(policy, first, last, float(certainty[first : last + 1].max()), MODEL, value)


class Probabilities:
    """The model's probabilities, summed for a request.

    Attributes:
      total: Of each word, that it belongs to a requested policy.
      of_family: Of each family (rows) and word, that the word belongs to a policy of the family.
      best: The most probable requested policy of each word, as a candidate.
    """

    def __init__(self, conversation: Conversation, of_model: Iterable[Candidate], requested: Collection[str]) -> None:
        words = len(conversation.words)
        self.total = np.zeros(words)
        self.of_family = np.zeros((len(FAMILIES), words))
        self.best: list[Candidate | None] = [None] * words
        self._turns = np.array([conversation.turn_of(word) for word in range(words)], dtype=np.int64)
        self._requested_of_family = np.zeros((len(FAMILIES), words))
        for candidate in of_model:
            word = candidate.first_word
            policy = next((one for one in (candidate.policy, *broader(candidate.policy)) if one in requested), None)
            for number in _FAMILIES_OF.get(candidate.policy, ()):
                self.of_family[number, word] += candidate.score
                self._requested_of_family[number, word] += candidate.score if policy else 0.0
            if policy is None:
                continue
            self.total[word] += candidate.score
            strongest = self.best[word]
            if strongest is None or candidate.score > strongest.score:
                self.best[word] = replace(candidate, policy=policy)

    def are(self, policy: str) -> NDArray[np.bool_]:
        """Whether this is the most probable requested policy of each word."""
        return np.array([owner is not None and owner.policy == policy for owner in self.best], dtype=bool)

    def in_family(self, at: Thresholds) -> NDArray[np.bool_]:
        """Whether each word belongs to each family, beside words of which one may belong to a requested policy."""
        belongs = self.of_family >= at.family
        labelled = belongs & (self._requested_of_family >= at.family_label)
        for family, word in np.argwhere(labelled):
            for step in (-1, 1):
                place = word + step
                while 0 <= place < len(self.total) and belongs[family, place] and not labelled[family, place]:
                    if self._turns[place] != self._turns[word]:
                        break
                    labelled[family, place] = True
                    self.best[place] = self.best[place] or self.best[word]
                    place += step
        return labelled


def _value(conversation: Conversation, first: int, last: int, policy: str, agreed: Iterable[Candidate]) -> str:
    """What a run of words says: a number as rules read it, a name as it is spelled, or the words without titles.

    Args:
      agreed: Candidates that begin in the run.
    """
    inside = [one for one in agreed if one.value and one.last_word <= last]
    if policy == "person_name":
        inside = [one for one in inside if one.detector == SPELLED and (one.first_word, one.last_word) == (first, last)]
    if inside and policy in _READ_BY_RULES:
        return max(inside, key=lambda one: one.last_word - one.first_word).value
    titles = conversation.language.titles if policy == "person_name" else ()
    words = [bare(word.text) for word in conversation.words[first : last + 1]]
    return " ".join(word for word in words if word and word not in titles)


def _add_titles(conversation: Conversation, policies: list[str | None]) -> None:
    """Adds a title to the name after it: `Doctor` Okafor."""
    titles = conversation.language.titles
    for word in range(len(policies) - 2, -1, -1):
        if (
            policies[word] is None
            and policies[word + 1] == "person_name"
            and bare(conversation.words[word].text) in titles
            and not conversation.words[word].text.endswith((",", "?", "!"))
            and conversation.turn_of(word) == conversation.turn_of(word + 1)
        ):
            policies[word] = "person_name"


def _name_proven_numbers(policies: list[str | None], of_rules: Iterable[Candidate]) -> None:
    """Gives the redacted words of a number the policy that its checksum proves, whichever number the model took it
    for: a card in groups of four looks like a telephone number to it.
    """
    for candidate in of_rules:
        if proven_kind(candidate.value) == candidate.policy:
            for word in range(candidate.first_word, candidate.last_word + 1):
                if policies[word] in NUMBERS:
                    policies[word] = candidate.policy


def _runs(conversation: Conversation, policies: Sequence[str | None]) -> Iterator[tuple[int, int, str]]:
    """First and last word of each run of one policy within a turn."""
    keys = [(conversation.turn_of(word), policy) for word, policy in enumerate(policies)]
    for (_, policy), run in groupby(range(len(keys)), key=keys.__getitem__):
        numbers = list(run)
        if policy is not None:
            yield numbers[0], numbers[-1], policy


def redacted_words(
    conversation: Conversation, found: Probabilities, at: Thresholds, of_rules: tuple[Candidate, ...]
) -> NDArray[np.bool_]:
    """Whether each word is redacted, from the probability that it belongs to a requested policy and from its place."""
    redacted = found.total >= np.where(_stand_alone(found.total), at.alone, at.redacted)
    evidence = Evidence(conversation, found.total, redacted, found.are("person_name"), of_rules)
    redacted = redacted | (found.total >= at.expected) & expected_words(evidence)
    redacted |= (found.total >= at.expected * _ANNOUNCED) & announced_words(evidence)
    places = np.flatnonzero(redacted).tolist()
    for before, after in pairwise(places):
        between = found.total[before + 1 : after]
        if 0 < len(between) <= _LONGEST_GAP_WORDS and conversation.turn_of(before) == conversation.turn_of(after):
            redacted[before + 1 : after] = between.min() >= at.between
    return redacted


def _stand_alone(total: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each word is far from any word that is certain to be personal data."""
    certain, places = np.flatnonzero(total >= CERTAIN), np.arange(len(total))
    before = np.searchsorted(certain, places - _FAR_WORDS)
    until = np.searchsorted(certain, places + _FAR_WORDS, side="right")
    alone: NDArray[np.bool_] = before == until
    return alone


def _misheard(
    conversation: Conversation,
    found: Probabilities,
    redacted: NDArray[np.bool_],
    requested: Collection[str],
    at: Thresholds,
) -> NDArray[np.bool_]:
    """Whether each word may be a misheard part of personal data: of an answer, or of what is redacted beside it."""
    doubted = np.array([word.confidence < _DOUBTED for word in conversation.words], dtype=bool)
    doubted &= ~redacted & (found.total >= at.misheard)
    doubted &= np.array([owner is not None and owner.policy in _MISHEARD for owner in found.best], dtype=bool)
    if not doubted.any():
        return doubted
    answers = words_of_answers(conversation, requested)
    for word in np.flatnonzero(doubted).tolist():
        turn = conversation.turn_of(word)
        neighbours = (near for near in (word - 1, word + 1) if 0 <= near < len(redacted))
        is_beside = any(redacted[near] and conversation.turn_of(near) == turn for near in neighbours)
        doubted[word] = is_beside or word in answers
    return doubted
