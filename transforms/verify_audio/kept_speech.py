"""The words of a conversation that belong to no finding, indexed by time."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from hushbeam.schemas.spans import TimeSpan
from hushbeam.transforms.detect_pii.text.atoms import Kind
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.verify_audio.nearby import Nearby
from hushbeam.transforms.verify_audio.spoken_form import Run, place_of, runs_of_signs


@dataclass(frozen=True)
class KeptWord:
    """A word, or part of a word, in lower case."""

    value: str
    place: TimeSpan
    confidence: float

    def __repr__(self) -> str:
        return f"KeptWord({self.place})"


class KeptSpeech:
    """The words of a conversation that belong to no finding.

    Attributes:
      words: In the order of the text, without numbers.
    """

    def __init__(self, conversation: Conversation, personal_words: Collection[int]) -> None:
        self.words = tuple(
            KeptWord(atom.value, place_of(conversation, word, word), conversation.words[word].confidence)
            for atom in conversation.atoms
            if atom.kind is Kind.WORD and (word := conversation.word_at(atom.start)) not in personal_words
        )
        kept_runs: list[Run] = [
            tuple(sign for sign in run if sign.word not in personal_words) for run in runs_of_signs(conversation)
        ]
        self._words_by_time = Nearby(self.words, lambda word: word.place)
        self._signs_by_time = Nearby(
            (
                ("".join(sign.value for sign in run), place_of(conversation, run[0].word, run[-1].word))
                for run in kept_runs
                if run
            ),
            lambda placed: placed[1],
        )

    def words_near(self, place: TimeSpan, within_s: float) -> Iterator[KeptWord]:
        """The words that were said near a time, in any channel."""
        return self._words_by_time.within(place, within_s)

    def says_word(self, value: str, place: TimeSpan, within_s: float) -> bool:
        """Whether a word was said near a time, in any channel: an echo of a kept word may be heard too."""
        return any(word.value == value for word in self.words_near(place, within_s))

    def says_signs(self, signs: str, place: TimeSpan, within_s: float) -> bool:
        """Whether digits and letters were said near a time, in any channel."""
        return any(signs in said for said, _ in self._signs_by_time.within(place, within_s))
