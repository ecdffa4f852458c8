"""Recogniser of announced names in languages other than English: `me llamo`, `ich heiße`.

English has a fuller recogniser (`names/contexts.py`), with lists of names and of everyday words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache

from hushbeam.transforms.detect_pii.languages import Language
from hushbeam.transforms.detect_pii.recogniser import Candidate, GrammarRecogniser
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.detect_pii.text.cues import lowered
from hushbeam.transforms.detect_pii.text.tokens import Token, cased_turns, tokens_of

_LONGEST_NAME = 5
_LONGEST_UNCASED_NAME = 3
_SCORE = 0.85
_UNCASED_SCORE = 0.6


class AnnouncedNames(GrammarRecogniser):
    name = "announced_names"
    policies = frozenset({"person_name"})

    def recognise(self, conversation: Conversation) -> Iterable[Candidate]:
        if not conversation.language.name_announcements:
            return
        tokens = tokens_of(conversation)
        cased = cased_turns(conversation, tokens)
        at = {token.start: position for position, token in enumerate(tokens)}
        for match in _pattern(conversation.language).finditer(lowered(conversation.text)):
            first = at.get(match.end())
            if first is None:
                continue
            is_cased = cased[conversation.turn_of(tokens[first].word)]
            last = _end_of_name(conversation.language, tokens, first, is_cased)
            if last is not None:
                words = conversation.words_of(tokens[first].start, tokens[last].end)
                value = " ".join(token.plain for token in tokens[first : last + 1])
                yield Candidate("person_name", *words, _SCORE if is_cased else _UNCASED_SCORE, self.name, value)


def _end_of_name(language: Language, tokens: Sequence[Token], first: int, is_cased: bool) -> int | None:
    """The last token of a name; None if no name starts here.

    A name with capitals goes on as long as they do, over particles; one without ends at the next pause, if it is near.
    """
    last: int | None = None
    for position in range(first, min(first + _LONGEST_NAME, len(tokens))):
        token = tokens[position]
        if position > first and token.before not in (" ", "-", "'", "’"):
            break
        if token.text.isalpha() and (token.is_capitalised or not is_cased) and token.plain not in language.fillers:
            last = position
        elif token.plain not in language.name_particles:
            break
    if last is not None and not is_cased and last - first >= _LONGEST_UNCASED_NAME:
        return None
    return last


@cache
def _pattern(language: Language) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{'|'.join(language.name_announcements)}):?,? ")
