"""Recogniser of towns, states and countries from the gazetteers, in contexts of places.

The models need whole sentences. Callers answer with one word, and speech recognisers write it without a capital.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from hushbeam.transforms.detect_pii.names.organisations import ORGANISATION_ENDINGS
from hushbeam.transforms.detect_pii.names.words import TITLES, all_names, is_common, is_never_name, place_policy
from hushbeam.transforms.detect_pii.recogniser import Candidate, GrammarRecogniser
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.detect_pii.text.cues import lowered
from hushbeam.transforms.detect_pii.text.tokens import Terms, Token, cased_turns, read_terms, tokens_of, word_set

_BEFORE_PLACES = word_set("in from near outside around to via through leaving visiting towards toward at into")
# Of these a person may follow: "from Austin", "to Florence".
_BEFORE_ANYBODY = word_set("from to at around through into")
_ASKED_FOR_PLACE = re.compile(
    r"\b(?:where (?:are|is|do|did|does|was|were|in|to|from|about|abouts|should|shall|would|will|can|exactly)\b|where\?|"
    r"whereabouts|from where|to where|(?:which|what) (?:city|town|state|country|county|village|area|airport|branch|"
    r"part of)|city and state|city\?|town\?|state\?|country\?|born in|address)"
)
_TURNS_TO_ANSWER = 2
_SCORE_IN_CONTEXT = 0.8
_SCORE = 0.65


class ListedPlaces(GrammarRecogniser):
    name = "listed_places"
    policies = frozenset({"location", "location_city", "location_state", "location_country"})

    def load(self) -> None:
        self._places = Terms(
            (place, place) for gazetteer in ("cities", "states", "countries") for place in sorted(read_terms(gazetteer))
        )

    def recognise(self, conversation: Conversation) -> Iterable[Candidate]:
        if conversation.language.code != "en":
            return
        tokens = tokens_of(conversation)
        cased = cased_turns(conversation, tokens)
        asked = _asked_turns(conversation)
        for first, last, place in self._places.find(tokens):
            turn = conversation.turn_of(tokens[first].word)
            score = _score(tokens, first, last, is_cased=cased[turn], is_asked=turn in asked)
            town = _town_before(tokens, first) if cased[turn] and place_policy(place) != "location_city" else None
            if town is not None:
                yield _candidate(conversation, tokens[town:first], "location_city", _SCORE_IN_CONTEXT)
                score = _SCORE_IN_CONTEXT
            if score is not None:
                yield _candidate(conversation, tokens[first : last + 1], place_policy(place), score)


def _asked_turns(conversation: Conversation) -> frozenset[int]:
    """The utterances in which a place may be the answer, that of the question included: it may go on."""
    turns: set[int] = set()
    for match in _ASKED_FOR_PLACE.finditer(lowered(conversation.text)):
        turn = conversation.turn_of(conversation.word_at(match.start()))
        turns.update(range(turn, turn + _TURNS_TO_ANSWER + 1))
    return frozenset(turns)


def _score(tokens: Sequence[Token], first: int, last: int, *, is_cased: bool, is_asked: bool) -> float | None:
    """How sure a listed name is a place here; None where it is rather something else."""
    words = tokens[first : last + 1]
    before = _before(tokens, first)
    after_preposition = before in _BEFORE_PLACES
    is_ordinary = all(is_common(word.plain) or is_never_name(word.plain) for word in words)
    is_name = first == last and words[0].plain in all_names()
    if before in TITLES or _is_part_of_name(tokens, first, last):
        return None
    if is_cased:
        if not words[0].is_capitalised or not words[-1].is_capitalised:
            return None
        if is_ordinary or is_name:
            in_place = after_preposition and (not is_name or before not in _BEFORE_ANYBODY)
            return _SCORE if (in_place or is_asked) and not words[0].begins_sentence else None
        return _SCORE_IN_CONTEXT if after_preposition or is_asked else _SCORE
    if is_ordinary or (is_name and (not after_preposition or before in _BEFORE_ANYBODY)):
        return None
    return _SCORE if after_preposition or is_asked or last > first else None


def _before(tokens: Sequence[Token], first: int) -> str:
    """The word before a name in the same clause; empty where there is none."""
    return tokens[first - 1].plain if first > 0 and tokens[first].before == " " else ""


def _is_part_of_name(tokens: Sequence[Token], first: int, last: int) -> bool:
    """Whether another capital or a company's ending makes it no place: `Jack London`, `Houston Dental`."""
    if last + 1 < len(tokens) and tokens[last + 1].before == " ":
        following = tokens[last + 1]
        if following.plain in ORGANISATION_ENDINGS or (following.is_capitalised and following.plain != "i"):
            return True
    previous = tokens[first - 1] if first > 0 and tokens[first].before in (" ", "-") else None
    return previous is not None and previous.is_capitalised and not is_common(previous.plain)


def _town_before(tokens: Sequence[Token], region: int) -> int | None:
    """The first token of a town that the state or country behind it gives away: `Evergreen, Colorado`."""
    if region == 0 or tokens[region].before != ", " or not tokens[region].is_capitalised:
        return None
    first = region - 1
    if not tokens[first].is_capitalised or is_never_name(tokens[first].plain):
        return None
    while first > 0 and tokens[first].before in (" ", "-") and _is_capital_inside(tokens[first - 1]):
        first -= 1
    return first


def _is_capital_inside(token: Token) -> bool:
    return token.is_capitalised and token.plain not in _BEFORE_PLACES and token.plain != "i"


def _candidate(conversation: Conversation, name: Sequence[Token], policy: str, score: float) -> Candidate:
    words = conversation.words_of(name[0].start, name[-1].end)
    return Candidate(policy, *words, score, ListedPlaces.name, " ".join(token.plain for token in name))
