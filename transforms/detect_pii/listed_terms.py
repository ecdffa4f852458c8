"""Recogniser of listed names, places, medicines, illnesses, jobs and the like.

A listed word alone is no personal data: the conversation model decides by what is said around it.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from hushbeam.transforms.detect_pii.recogniser import Candidate, Recogniser
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.detect_pii.text.tokens import Terms, Token, cased_turns, read_terms, tokens_of

_POLICIES = {
    "drugs": "drug",
    "medical_conditions": "medical_condition",
    "medical_processes": "medical_process",
    "injuries": "injury",
    "countries": "location_country",
    "states": "location_state",
    "nationalities": "nationality",
    "religions": "religion",
    "political_affiliations": "political_affiliation",
    "events": "event",
    "languages": "language",
    "occupations": "occupation",
    "cities": "location_city",
    "given_names": "person_name",
    "surnames": "person_name",
}
"""Policy of each gazetteer. A term of several belongs to the first."""
_IN_ALL_LANGUAGES = frozenset({"person_name", "location_city", "location_country", "drug"})
"""The other gazetteers are English."""
_NAMES = frozenset({"person_name", "location_city", "location_state", "location_country"})
_SCORE = 0.5


class ListedTerms(Recogniser):
    """Reports every listed term; names and places only with a capital letter, where the text has any."""

    name = "listed_terms"
    policies = frozenset(_POLICIES.values())

    def load(self) -> None:
        common = read_terms("common_words")
        terms: dict[str, set[str]] = {}
        for gazetteer, policy in _POLICIES.items():
            own: AbstractSet[str] = read_terms(gazetteer)
            if policy == "person_name":
                own = {term for term in own - common if len(term) > 2}
            terms.setdefault(policy, set()).update(own)
        self._terms = Terms(terms)

    def recognise(self, conversation: Conversation) -> Iterable[Candidate]:
        tokens = tokens_of(conversation)
        cased = cased_turns(conversation, tokens)
        policies = self.policies if conversation.language.code == "en" else _IN_ALL_LANGUAGES
        for first, last, policy in self._terms.find(tokens):
            words = tokens[first : last + 1]
            if policy in policies and (policy not in _NAMES or _may_be_name(words, cased, conversation)):
                start, end = conversation.words_of(words[0].start, words[-1].end)
                value = " ".join(token.plain for token in words)
                yield Candidate(policy, start, end, _SCORE, self.name, value)


def _may_be_name(words: Iterable[Token], cased: list[bool], conversation: Conversation) -> bool:
    return all(token.is_capitalised or not cased[conversation.turn_of(token.word)] for token in words)
