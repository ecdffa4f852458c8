"""Words that the model alone takes for an e-mail or web address, where nothing is said that addresses are made of.

Recognisers mishear addresses, but seldom all of one: a dot, a slash, a letter or a digit stays. In a recording of a
person, "full featured PBX and IVR platform that runs" was taken for a web address.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from hushbeam.schemas.spans import runs
from hushbeam.transforms.detect_pii.exchanges import words_of_answers
from hushbeam.transforms.detect_pii.expected_words import CERTAIN, SHORTEST_REPEATED
from hushbeam.transforms.detect_pii.patterns.internet import BARE_PROVIDERS, PROVIDERS
from hushbeam.transforms.detect_pii.text.atoms import Kind
from hushbeam.transforms.detect_pii.text.conversation import AtomReader, Conversation
from hushbeam.transforms.detect_pii.text.tokens import bare, word_set

ADDRESSES = frozenset({"email_address", "url"})
_FURTHER = word_set("www http https com dotcom org net edu gov arcor freenet laposte sfr wanadoo")
_WRITTEN = frozenset("./_@")
_SPOKEN = _WRITTEN | {"-"}
"""Hyphens are written in everyday words too."""
_OWN_WORDS = {*PROVIDERS, *BARE_PROVIDERS, *_FURTHER} - {"mail"}
"""Words that little but addresses has."""
_REACH_WORDS = 4
_REACH_OF_AT_WORDS = 1


def unsigned_addresses(
    conversation: Conversation,
    probabilities: NDArray[np.float64],
    redacted: NDArray[np.bool_],
    addresses: NDArray[np.bool_],
    requested: Collection[str],
) -> list[int]:
    """Redacted words that are no address by what is said around them, no answer to a question for personal data, and
    are redacted nowhere else.

    Args:
      probabilities: Of each word, that it is redacted rightly.
      addresses: Whether each word is an address rather than anything else that is requested.
    """
    doubtful = [
        run
        for run in _runs_of_turns(conversation, redacted)
        if addresses[run].all() and probabilities[run].max() < CERTAIN
    ]
    if not doubtful:
        return []
    signs = _Signs(conversation)
    answers = words_of_answers(conversation, requested)
    unsigned = [run for run in doubtful if answers.isdisjoint(run) and not signs.are_near(run)]
    words = [bare(word.text) for word in conversation.words]
    others = set(np.flatnonzero(redacted).tolist()).difference(*unsigned)
    known = {words[number] for number in others if len(words[number]) >= SHORTEST_REPEATED}
    return [word for run in unsigned if known.isdisjoint(words[number] for number in run) for word in run]


def _runs_of_turns(conversation: Conversation, redacted: NDArray[np.bool_]) -> Iterator[list[int]]:
    """The redacted words of a turn without any other between them."""
    for start, stop in runs(redacted):
        for first, last in conversation.spans_by_utterance(start, stop - 1):
            yield list(range(first, last + 1))


class _Signs(AtomReader):
    """The words of a conversation with a sign of an address."""

    def __init__(self, conversation: Conversation) -> None:
        super().__init__(conversation)
        atoms = range(len(self._atoms))
        self._said = [conversation.word_at(self._atoms[atom].start) for atom in atoms if self._is_sign(atom)]
        self._at = [conversation.word_at(self._atoms[atom].start) for atom in atoms if self._is_at(atom)]

    def are_near(self, run: list[int]) -> bool:
        return _any_between(self._said, run[0] - _REACH_WORDS, run[-1] + _REACH_WORDS) or _any_between(
            self._at, run[0] - _REACH_OF_AT_WORDS, run[-1] + _REACH_OF_AT_WORDS
        )

    def _is_sign(self, position: int) -> bool:
        atom = self._atoms[position]
        if atom.kind is Kind.SYMBOL:
            return atom.value in _WRITTEN and (atom.value != "." or self._is_glued(position + 1))
        said = self._language.symbols.get(atom.value, "")
        return (
            atom.is_number
            or atom.kind is Kind.LETTER  # everyday words of one letter too, which nothing here tells from others
            or (said in _SPOKEN and not self._is_at(position))
            or atom.value in _OWN_WORDS
        )

    def _is_at(self, position: int) -> bool:
        """An everyday word in English and German, unless an address stands beside it."""
        return self._value(position) == "at"


def _any_between(words: list[int], first: int, last: int) -> bool:
    """Whether one of these words, which are in order, lies from `first` to `last`."""
    return bisect_left(words, first) < bisect_left(words, last + 1)
