"""Propagation of addresses: joins their pieces, so that a contiguous address is one `location_address`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from hushbeam.transforms.detect_pii.names.words import is_everyday
from hushbeam.transforms.detect_pii.recogniser import Candidate, Propagation
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.detect_pii.text.tokens import plain, word_set

_PIECES = frozenset(
    {
        "location",
        "location_address_street",
        "location_city",
        "location_state",
        "location_zip",
        "location_country",
    }
)
# One of these must be there: a city and its country are two places, not an address.
_EXACT = frozenset({"location_address_street", "location_zip"})
_LONGEST_GAP_WORDS = 4
_LONGEST_HOUSE_NAME = 4
_LINKS = word_set("in at comma the of near zip code postcode postal and is city town county state country that's it's")
_UNITS = word_set(
    "apartment apt unit suite flat floor room number lot building block box po p o department house level"
)
_LONGEST_PAUSE_S = 8.0
_PARTS = re.compile(r"\d+|[^\W\d_]+")


class WholeAddresses(Propagation):
    name = "whole_addresses"

    def propagate(self, conversation: Conversation, candidates: Sequence[Candidate]) -> Iterable[Candidate]:
        pieces = sorted((c for c in candidates if c.policy in _PIECES), key=lambda c: (c.first_word, c.last_word))
        address: list[Candidate] = []
        for piece in pieces:
            if address and not _continues(conversation, max(address, key=lambda other: other.last_word), piece):
                yield from _whole(conversation, address)
                address = []
            address.append(piece)
        yield from _whole(conversation, address)


def _whole(conversation: Conversation, pieces: Sequence[Candidate]) -> Iterable[Candidate]:
    policies = {piece.policy for piece in pieces}
    if len(policies) < 2 or _EXACT.isdisjoint(policies):
        return
    first, last = _with_house_name(conversation, pieces[0].first_word), max(piece.last_word for piece in pieces)
    value = " ".join(dict.fromkeys(piece.value for piece in pieces))
    score = max(piece.score for piece in pieces)
    for first_word, last_word in conversation.spans_by_utterance(first, last):
        # Somebody else's "mm-hm" between two halves of an address is not part of it.
        if any(piece.first_word <= last_word and piece.last_word >= first_word for piece in pieces):
            yield Candidate("location_address", first_word, last_word, score, WholeAddresses.name, value)


def _with_house_name(conversation: Conversation, first: int) -> int:
    """The first word of the name of a house: `The Old Smokehouse, Shore Street`."""
    words = conversation.words
    turn = conversation.turn_of(first)
    start = first
    while start > 0 and first - start < _LONGEST_HOUSE_NAME and conversation.turn_of(start - 1) == turn:
        text = words[start - 1].text.strip()
        is_end_of_clause = text.endswith((",", ".", "?", "!"))
        if is_end_of_clause != (start == first) or text.endswith((".", "?", "!")):
            break
        if not (text[:1].isupper() or text in ("the", "of")):
            break
        start -= 1
    while start < first and _only_begins_sentence(conversation, start):
        start += 1
    names = [word.text.strip(" ,") for word in words[start:first]]
    known = [name for name in names if name[:1].isupper() and not is_everyday(plain(name))]
    is_title = sum(name[:1].isupper() for name in names) > 1
    return start if known or is_title else first


def _only_begins_sentence(conversation: Conversation, word: int) -> bool:
    """Whether a word's capital may come from its place alone: `It's The Old Forge`."""
    is_first = word == 0 or conversation.turn_of(word) != conversation.turn_of(word - 1)
    begins = is_first or conversation.words[word - 1].text.strip().endswith((".", "?", "!"))
    return begins and is_everyday(plain(conversation.words[word].text.strip(" ,")))


def _continues(conversation: Conversation, one: Candidate, other: Candidate) -> bool:
    """Whether an address goes on from one piece to another that starts later."""
    last, first = one.last_word, other.first_word
    if first <= last + 1 and conversation.turn_of(first) == conversation.turn_of(last):
        return True
    words = conversation.words
    if words[first].channel != words[last].channel or words[first].start_s - words[last].end_s > _LONGEST_PAUSE_S:
        return False
    between = [word for word in range(last + 1, first) if words[word].channel == words[last].channel]
    ends_sentence = any(words[word].text.rstrip().endswith((".", "?", "!")) for word in (last, *between))
    if len(between) > _LONGEST_GAP_WORDS or ends_sentence:
        return False
    # A town that the models miss: Gonzalezbury, Arkansas.
    is_inside = one.policy == "location_address_street" and other.policy in ("location_state", "location_zip")
    return is_inside or all(_belongs(conversation, word) for word in between)


def _belongs(conversation: Conversation, word: int) -> bool:
    """Whether a word between two pieces is part of an address: `apartment 3B`, `in`."""
    language = conversation.language
    allowed = language.digits.keys() | language.teens.keys() | language.tens.keys() | language.hundreds
    allowed |= language.fillers | _LINKS | _UNITS
    return all(
        part.isdigit() or len(part) == 1 or part in allowed
        for part in _PARTS.findall(conversation.words[word].text.lower())
    )
