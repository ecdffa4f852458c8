"""What may be heard again: the words that detection left alone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from schemas.transcript import TimeSpan
from transforms.detect_pii.atoms import Kind
from transforms.detect_pii.conversation import Conversation
from transforms.verify_audio.said import Run, place_of, runs_of_signs


@dataclass(frozen=True)
class InnocentWord:
    """A word, or a part of one, in lower case."""

    value: str
    place: TimeSpan
    confidence: float

    def __repr__(self) -> str:
        return f"InnocentWord({self.place})"


class InnocentSpeech:
    """The words of a conversation that belong to no finding.

    Attributes:
      words: In the order of the text, without numbers.
    """

    def __init__(self, conversation: Conversation, personal_words: Collection[int]) -> None:
        self.words = tuple(
            InnocentWord(atom.value, place_of(conversation, word, word), conversation.words[word].confidence)
            for atom in conversation.atoms
            if atom.kind is Kind.WORD and (word := conversation.word_at(atom.start)) not in personal_words
        )
        innocent_runs: list[Run] = [
            tuple(sign for sign in run if sign.word not in personal_words) for run in runs_of_signs(conversation)
        ]
        self._signs = tuple(
            ("".join(sign.value for sign in run), place_of(conversation, run[0].word, run[-1].word))
            for run in innocent_runs
            if run
        )

    def says_word(self, value: str, place: TimeSpan, within_s: float) -> bool:
        """Whether a word was said about then, in any channel: an echo is as innocent as what it repeats."""
        return any(word.value == value and apart_s(word.place, place) < within_s for word in self.words)

    def says_signs(self, signs: str, place: TimeSpan, within_s: float) -> bool:
        """The same for digits and letters."""
        return any(signs in said and apart_s(said_at, place) < within_s for said, said_at in self._signs)


def apart_s(one: TimeSpan, other: TimeSpan) -> float:
    """Seconds between two ranges of any channels; 0 where they overlap."""
    return max(0.0, one.start_s - other.end_s, other.start_s - one.end_s)
