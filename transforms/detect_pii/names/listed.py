"""Recogniser of names from the gazetteers, in contexts that models miss: `Kwabena, in three B.`

A common name that is neither an everyday word nor a place is a name in any sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hushbeam.transforms.detect_pii.names.organisations import ORGANISATION_ENDINGS, is_announced_company
from hushbeam.transforms.detect_pii.names.words import (
    all_names,
    given_names,
    is_common,
    is_never_name,
    is_rather_something_else,
    may_be_name,
    name_value,
)
from hushbeam.transforms.detect_pii.recogniser import Candidate, GrammarRecogniser
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.detect_pii.text.tokens import Token, cased_turns, read_terms, tokens_of

_SHORTEST_NAME = 3
_SHORTEST_UNCASED_NAME = 4
_SCORE = 0.7
_UNCASED_SCORE = 0.55
_PLACES = ("cities", "states", "countries", "languages", "nationalities")


class ListedNames(GrammarRecogniser):
    name = "listed_names"
    policies = frozenset({"person_name"})

    def load(self) -> None:
        self._places = frozenset().union(*(read_terms(gazetteer) for gazetteer in _PLACES))

    def recognise(self, conversation: Conversation) -> Iterable[Candidate]:
        if conversation.language.code != "en":
            return
        tokens = tokens_of(conversation)
        cased = cased_turns(conversation, tokens)
        no_people = conversation.language.street_suffixes | ORGANISATION_ENDINGS
        behind = 0
        for position, token in enumerate(tokens):
            is_cased = cased[conversation.turn_of(token.word)]
            if position < behind or not self._is_listed(token, is_cased):
                continue
            first, last = _whole(tokens, position, is_cased)
            behind = last + 1
            following = tokens[behind] if behind < len(tokens) and tokens[behind].before in (" ", " & ") else None
            if following is not None and following.plain in no_people:
                continue
            start, end = tokens[first].start, tokens[last].end
            if is_announced_company(conversation.text, start, end):
                continue
            words = conversation.words_of(start, end)
            value = name_value(tokens[first : last + 1])
            yield Candidate("person_name", *words, _SCORE if is_cased else _UNCASED_SCORE, self.name, value)

    def _is_listed(self, token: Token, is_cased: bool) -> bool:
        word = token.plain
        if is_common(word) or is_never_name(word) or is_rather_something_else(word) or word in self._places:
            return False
        if is_cased:
            is_acronym = token.text.isupper() and len(word) <= _SHORTEST_UNCASED_NAME
            return token.is_capitalised and len(word) >= _SHORTEST_NAME and word in all_names() and not is_acronym
        return len(word) >= _SHORTEST_UNCASED_NAME and word in given_names()


def _whole(tokens: Sequence[Token], position: int, is_cased: bool) -> tuple[int, int]:
    """The first and last token of the name that a listed one is part of."""
    first = last = position
    while first > 0 and tokens[first].before in (" ", "-") and is_cased and _belongs(tokens[first - 1], is_cased):
        first -= 1
    while last + 1 < len(tokens) and tokens[last + 1].before in (" ", "-") and _belongs(tokens[last + 1], is_cased):
        last += 1
    return first, last


def _belongs(token: Token, is_cased: bool) -> bool:
    return may_be_name(token, is_cased) and (is_cased or token.plain in all_names())
