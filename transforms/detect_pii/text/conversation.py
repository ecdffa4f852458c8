"""Conversation: the transcript as one text, with the word of every character.

Recognisers read text, but findings are words with times. Offsets are kept from the start and never found by searching,
because a digit that is said three times has three places.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property

from hushbeam.schemas.transcript import Transcript, Utterance, Word
from hushbeam.transforms.detect_pii.languages import Language, language_of
from hushbeam.transforms.detect_pii.text.atoms import NUMBERS, Atom, Kind, split_into_atoms

_ANY_LANGUAGE = "en"


class Conversation:
    """Both sides of a call in time order.

    Attributes:
      transcript: The given transcript.
      words: All words in the order of the utterances, as `Transcript.words`.
      text: The words' texts joined as they are, the utterances separated by a newline.
    """

    def __init__(self, transcript: Transcript) -> None:
        self.transcript = transcript
        self.words: tuple[Word, ...] = transcript.words
        pieces: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        turns: list[int] = []
        offset = 0
        for turn, utterance in enumerate(transcript.utterances):
            if turn:
                pieces.append("\n")
                offset += 1
            for word in utterance.words:
                starts.append(offset)
                offset += len(word.text)
                ends.append(offset)
                turns.append(turn)
                pieces.append(word.text)
        self.text = "".join(pieces)
        self._starts = starts
        self._ends = ends
        self._turns = turns

    def __repr__(self) -> str:
        return f"Conversation({len(self.utterances)} utterances, {len(self.words)} words)"

    @property
    def utterances(self) -> tuple[Utterance, ...]:
        return self.transcript.utterances

    @cached_property
    def language(self) -> Language:
        """The grammar of the conversation's language. Raises UnsupportedLanguageError without one.

        A recording without speech has no language, and any grammar finds nothing in it.
        """
        return language_of(_ANY_LANGUAGE if self.transcript.has_no_speech else self.transcript.language_code)

    @cached_property
    def atoms(self) -> tuple[Atom, ...]:
        """The text split into atoms: see `hushbeam.transforms.detect_pii.text.atoms`."""
        return split_into_atoms(self.text, self.language)

    def turn_of(self, word: int) -> int:
        """The index of a word's utterance."""
        return self._turns[word]

    @cached_property
    def is_one_channel(self) -> bool:
        """Whether all is said in one channel, so that nobody knows who speaks."""
        return len({utterance.channel for utterance in self.utterances}) < 2

    def span_of(self, word: int) -> tuple[int, int]:
        """The characters of a word in `text`, its leading space included: start, end (exclusive)."""
        return self._starts[word], self._ends[word]

    def word_at(self, character: int) -> int:
        """The word of a character of `text`; for a newline, the word before it."""
        if not 0 <= character < len(self.text):
            raise IndexError(f"character {character} is outside of a text of {len(self.text)}")
        return bisect_right(self._starts, character) - 1

    def words_of(self, start: int, end: int) -> tuple[int, int]:
        """The first and last word (inclusive) of the characters from `start` to `end` (exclusive) of `text`.

        White space at both ends is ignored: a span that ends with a space does not include the next word.
        """
        while start < end and self.text[start].isspace():
            start += 1
        while end > start and self.text[end - 1].isspace():
            end -= 1
        if start >= end:
            raise ValueError("an empty span has no words")
        return self.word_at(start), self.word_at(end - 1)

    def spans_by_utterance(self, first_word: int, last_word: int) -> list[tuple[int, int]]:
        """Cuts a range of words (inclusive) at the borders of utterances."""
        spans: list[tuple[int, int]] = []
        start = first_word
        for word in range(first_word + 1, last_word + 1):
            if self._turns[word] != self._turns[word - 1]:
                spans.append((start, word - 1))
                start = word
        spans.append((start, last_word))
        return spans


class AtomReader:
    """Base class of the grammars: looks at atoms by position.

    A position outside the conversation has no kind, and its value is empty.
    """

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._atoms = conversation.atoms
        self._text = conversation.text
        self._language = conversation.language

    @cached_property
    def _turns(self) -> list[int]:
        """The utterance of each atom."""
        return [self._conversation.turn_of(self._conversation.word_at(atom.start)) for atom in self._atoms]

    def _value(self, position: int) -> str:
        return self._atoms[position].value if 0 <= position < len(self._atoms) else ""

    def _kind(self, position: int) -> Kind | None:
        return self._atoms[position].kind if 0 <= position < len(self._atoms) else None

    def _is_number(self, position: int) -> bool:
        return self._kind(position) in NUMBERS

    def _is_capital(self, position: int) -> bool:
        return self._text[self._atoms[position].start].isupper()

    def _is_glued(self, position: int) -> bool:
        """Whether an atom directly follows the previous one."""
        return 0 < position < len(self._atoms) and self._atoms[position].start == self._atoms[position - 1].end

    def _is_together(self, first: int, second: int) -> bool:
        """Whether two atoms exist and are in the same utterance."""
        if not (0 <= first < len(self._atoms) and 0 <= second < len(self._atoms)):
            return False
        return "\n" not in self._text[self._atoms[first].end : self._atoms[second].start]
