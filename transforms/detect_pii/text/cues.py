"""Cues: phrases that ask for or announce a kind of data, "can I have your account number", "the expiry date is"."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from hushbeam.transforms.detect_pii.languages import Language
from hushbeam.transforms.detect_pii.text.conversation import Conversation


class Cue(NamedTuple):
    """Words that name a kind of data.

    Attributes:
      policy: The policy that they name.
      start, end: Characters of the conversation's text, end exclusive.
      turn: Their utterance.
      end_s: Time of the last word's end.
    """

    policy: str
    start: int
    end: int
    turn: int
    end_s: float


def find_cues(conversation: Conversation) -> list[Cue]:
    """All cues in the order of the text; where two overlap, the one that starts first."""
    cues: list[Cue] = []
    for match in _pattern(conversation.language).finditer(lowered(conversation.text)):
        assert match.lastgroup is not None
        first, last = conversation.words_of(*match.span())
        words = conversation.words
        cues.append(
            Cue(
                match.lastgroup,
                match.start(),
                match.end(),
                conversation.turn_of(first),
                words[last].end_s,
            )
        )
    return cues


def lowered(text: str) -> str:
    """Lower case with straight apostrophes, character by character: offsets stay as they are."""
    return (
        "".join(
            character if len(character) == 1 else original
            for original, character in zip(text, map(str.lower, text), strict=True)
        ).replace("’", "'")
        if not text.isascii()
        else text.lower()
    )


@cache
def _pattern(language: Language) -> re.Pattern[str]:
    groups = "|".join(f"(?P<{policy}>{'|'.join(patterns)})" for policy, patterns in language.cues.items())
    return re.compile(rf"(?<![a-zà-ÿ])(?:{groups})(?![a-zà-ÿ])")
