"""Decision: which words are redacted, from the probabilities of the conversation model.

A word is redacted if the probability that it belongs to any of the requested policies reaches the threshold. Which of
them it is comes second: a doubtful label within a family of policies never keeps a value readable.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hushbeam.schemas.finding import Candidate
from hushbeam.schemas.policies import NUMBERS, broader
from hushbeam.transforms.detect_pii.names.spelled import SPELLED
from hushbeam.transforms.detect_pii.settings import Caution
from hushbeam.transforms.detect_pii.text.common_words import is_common
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.detect_pii.text.tokens import plain, word_set

MODEL = "conversation_model"
"""Name of the model as a detector: each of its candidates is one word, with the probability of one policy."""


class Thresholds(NamedTuple):
    """Probabilities of a word.

    Attributes:
      redacted: From here on the word is redacted.
      between: The same, for a word or two between redacted words of one turn.
      repeated: The same, for a word that is certainly personal data elsewhere in the conversation, unless it is a
        common one.
      family: From here on a word belongs to a family of policies.
      family_label: From here on the words of a family are redacted for a policy of the family, where one of the words
        beside each other has this probability.
    """

    redacted: float
    between: float
    repeated: float
    family: float
    family_label: float


# The label of a family was measured on authors whom the model had not seen: how much smaller the share of mentions with
# a redacted word is where their policy is requested alone than where all default policies are. Without families 0.097;
# with labels from 0.003 on 0.025, from 0.001 on 0.018, from 0.0003 on 0.012.
THRESHOLDS: Mapping[Caution, Thresholds] = MappingProxyType(
    {
        "low": Thresholds(0.5, 0.15, 0.15, 0.8, 0.05),
        "standard": Thresholds(0.18, 0.05, 0.05, 0.3, 0.001),
        "high": Thresholds(0.06, 0.015, 0.01, 0.1, 0.0003),
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
CERTAIN = 0.6
"""From here on a value is looked for wherever it is said again."""
_LONGEST_GAP_WORDS = 2
_SHORTEST_REPEATED = 3


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
    found = _Probabilities(conversation, of_model, requested)
    in_family = found.in_family(at)
    redacted = redacted_words(conversation, found.total, at) | in_family.any(axis=0)
    certainty = np.maximum(found.total, np.where(in_family, found.of_family, 0.0).max(axis=0)).clip(max=1.0)
    policies = [
        owner.policy if owner and is_redacted else None for owner, is_redacted in zip(found.best, redacted, strict=True)
    ]
    _add_titles(conversation, policies)
    agreed = []
    for candidate in of_rules:
        span = slice(candidate.first_word, candidate.last_word + 1)
        if all(policy == candidate.policy for policy in policies[span]):
            agreed.append(replace(candidate, score=float(certainty[span].max())))
    yield from agreed
    for first, last, policy in _runs(conversation, policies):
        value = _value(conversation, first, last, policy, agreed)
        yield Candidate(policy, first, last, float(certainty[first : last + 1].max()), MODEL, value)


class _Probabilities:
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
    """What a run of words says: a number as rules read it, a name as it is spelled, or the words without titles."""
    inside = [one for one in agreed if one.value and first <= one.first_word and one.last_word <= last]
    if policy == "person_name":
        inside = [one for one in inside if one.detector == SPELLED and (one.first_word, one.last_word) == (first, last)]
    if inside and policy in _READ_BY_RULES:
        return max(inside, key=lambda one: one.last_word - one.first_word).value
    titles = conversation.language.titles if policy == "person_name" else ()
    words = [_bare(word.text) for word in conversation.words[first : last + 1]]
    return " ".join(word for word in words if word and word not in titles)


def _add_titles(conversation: Conversation, policies: list[str | None]) -> None:
    """Adds a title to the name after it: `Doctor` Okafor."""
    titles = conversation.language.titles
    for word in range(len(policies) - 2, -1, -1):
        if (
            policies[word] is None
            and policies[word + 1] == "person_name"
            and _bare(conversation.words[word].text) in titles
            and not conversation.words[word].text.endswith((",", "?", "!"))
            and conversation.turn_of(word) == conversation.turn_of(word + 1)
        ):
            policies[word] = "person_name"


def _runs(conversation: Conversation, policies: Sequence[str | None]) -> Iterator[tuple[int, int, str]]:
    """First and last word of each run of one policy within a turn."""
    keys = [(conversation.turn_of(word), policy) for word, policy in enumerate(policies)]
    for (_, policy), run in groupby(range(len(keys)), key=keys.__getitem__):
        numbers = list(run)
        if policy is not None:
            yield numbers[0], numbers[-1], policy


def redacted_words(conversation: Conversation, probabilities: NDArray[np.float64], at: Thresholds) -> NDArray[np.bool_]:
    """Whether each word is redacted, from the probability that it belongs to a requested policy."""
    redacted = (probabilities >= at.redacted) | (probabilities >= at.repeated) & _repeated(conversation, probabilities)
    places = np.flatnonzero(redacted).tolist()
    for before, after in pairwise(places):
        between = probabilities[before + 1 : after]
        if 0 < len(between) <= _LONGEST_GAP_WORDS and conversation.turn_of(before) == conversation.turn_of(after):
            redacted[before + 1 : after] = between.min() >= at.between
    return redacted


def _repeated(conversation: Conversation, probabilities: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each word is said elsewhere in the conversation as something that is certainly personal data."""
    texts = [_bare(word.text) for word in conversation.words]
    certain: Collection[str] = {
        text for text, probability in zip(texts, probabilities, strict=True) if probability >= CERTAIN
    }
    return np.array(
        [len(text) >= _SHORTEST_REPEATED and text in certain and not is_common(text) for text in texts], dtype=bool
    )


def _bare(text: str) -> str:
    """A word as it is compared: plain, without the punctuation around it."""
    return plain(re.sub(r"^[\W_]+|[\W_]+$", "", text))
