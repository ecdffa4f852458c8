"""Words that are personal data by where they are said, though the model gives them little probability.

A name that was said before, the name of who answers the telephone, words beside spelled letters, the end of a number
that is known.

With the names before spelling and the repeated ends of numbers, this was measured on 216 samples of conversations by
authors whom the model had not seen, of 2,281 mentions each in the spoken and the written form. Conversations without a
leak: 0.435 to 0.454 spoken, 0.444 to 0.491 written. Mentions without a redacted word: 59 to 54 and 65 to 56.
Over-redaction: 0.0236 to 0.0237 and 0.0219 to 0.0222.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from hushbeam.schemas.finding import Candidate
from hushbeam.transforms.detect_pii.names.spelled import SPELLED
from hushbeam.transforms.detect_pii.numbers.repetitions import number_groups
from hushbeam.transforms.detect_pii.text.common_words import is_common
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.detect_pii.text.tokens import bare, plain

CERTAIN = 0.6
"""From here on a value is looked for wherever it is said again."""
SHORTEST_REPEATED = 3
"""Letters of a word that is looked for elsewhere."""
_LONGEST_NAME_WORDS = 2
_LEAST_NUMBER = 4
_LEAST_END = 2
_MARKS = (",", ".", "?", "!", ";", ":")
_SENTENCE_ENDS = (".", "?", "!")


@dataclass(frozen=True)
class Evidence:
    """What is known of the words of a conversation.

    Attributes:
      probabilities: Of each word, that it belongs to a requested policy.
      redacted: Whether each word is redacted for its own probability.
      names: Whether each word is a name of a person rather than anything else that is requested.
      of_rules: What rules found under requested policies.
    """

    conversation: Conversation
    probabilities: NDArray[np.float64]
    redacted: NDArray[np.bool_]
    names: NDArray[np.bool_]
    of_rules: tuple[Candidate, ...] = ()

    @cached_property
    def words(self) -> list[str]:
        """The words as they are compared."""
        return [bare(word.text) for word in self.conversation.words]


def expected_words(evidence: Evidence) -> NDArray[np.bool_]:
    """Whether each word may repeat a value that is certain elsewhere, or begin or end it."""
    return _marked(evidence, (*_said_elsewhere(evidence), *_ends_of_numbers(evidence)))


def announced_words(evidence: Evidence) -> NDArray[np.bool_]:
    """Whether each word stands where little else is said than a name or a letter."""
    return _marked(evidence, (*_before_name_endings(evidence), *_beside_letters(evidence)))


def _marked(evidence: Evidence, words: Iterable[int]) -> NDArray[np.bool_]:
    marked = np.zeros(len(evidence.conversation.words), dtype=bool)
    marked[list(words)] = True
    return marked


def _said_elsewhere(evidence: Evidence) -> Iterator[int]:
    """Words that are certainly personal data elsewhere; everyday words only where they stand as a name.

    Of everyday words that are names elsewhere and have a probability from 0.05 to 0.18, 8 were names and 3 were not
    where they stood as one, 1 and 16 elsewhere.
    """
    words = evidence.words
    is_certain = evidence.probabilities >= CERTAIN
    certain = {word for word, one in zip(words, is_certain, strict=True) if one}
    names = {word for word, one in zip(words, is_certain & evidence.names, strict=True) if one}
    for number, word in enumerate(words):
        if len(word) < SHORTEST_REPEATED or word not in certain:
            continue
        if not is_common(word) or (word in names and _stands_as_a_name(evidence.conversation, words, number)):
            yield number


def _stands_as_a_name(conversation: Conversation, words: Sequence[str], number: int) -> bool:
    """Whether a word is called or named as a person: between commas, after a greeting or a title, with a capital inside
    a sentence.
    """
    text = conversation.words[number].text.strip()
    ends = text.endswith(_MARKS) or not _same_turn(conversation, number, number + 1)
    if not _same_turn(conversation, number, number - 1):
        return ends
    before = conversation.words[number - 1].text
    if words[number - 1] in conversation.language.titles:
        return True
    if before.endswith(_MARKS):
        return ends
    return text[:1].isupper() or (ends and words[number - 1] in conversation.language.greetings)


def _before_name_endings(evidence: Evidence) -> Iterator[int]:
    """The last words before what people say after their name: `… speaking`.

    They are mostly found by themselves: this is for names that were transcribed as everyday words, `a chair speaking`.
    """
    conversation = evidence.conversation
    words = [word.replace("'", "") for word in evidence.words]
    for last, first in _phrases(words, conversation.language.name_endings):
        if _same_turn(conversation, last, last + 1) and not conversation.words[last].text.endswith(_MARKS):
            continue
        for place in range(first - 1, first - 1 - _LONGEST_NAME_WORDS, -1):
            if not _same_turn(conversation, last, place):
                break
            before = conversation.words[place].text
            if before.endswith(_SENTENCE_ENDS) or (place < first - 1 and before.endswith(_MARKS)):
                break
            yield place


def _phrases(words: Sequence[str], phrases: Iterable[Sequence[str]]) -> Iterator[tuple[int, int]]:
    """The last and the first word of each place where one of the phrases is said."""
    for phrase in phrases:
        said = [plain(word) for word in phrase]
        for last in range(len(said) - 1, len(words)):
            first = last - len(said) + 1
            if list(words[first : last + 1]) == said:
                yield last, first


def _beside_letters(evidence: Evidence) -> Iterator[int]:
    """Words for letters beside spelled letters: `bee are` O W N."""
    conversation, words = evidence.conversation, evidence.words
    language = conversation.language
    others = language.answer_leads | language.spelling_links | language.copulas | set(chain(*language.spelling_phrases))
    for run in evidence.of_rules:
        if run.detector != SPELLED or not evidence.redacted[run.first_word : run.last_word + 1].all():
            continue
        for start, step in ((run.first_word, -1), (run.last_word, 1)):
            number = start + step
            while _same_turn(conversation, start, number) and (
                evidence.redacted[number]
                or words[number] in language.repeats
                or (words[number].replace("'", "") in language.letter_words and words[number] not in others)
            ):
                yield number
                number += step


def _ends_of_numbers(evidence: Evidence) -> Iterator[int]:
    """Words of short groups of digits that begin or end a number that is certain.

    Of their words with a probability from 0.05 to 0.18, 17 were marked, 8 not, and 15 were dates, times or counts.
    """
    conversation, words = evidence.conversation, evidence.words
    joiners = conversation.language.joiners
    groups = [
        (*conversation.words_of(conversation.atoms[group.first].start, conversation.atoms[group.last].end), group.value)
        for group in number_groups(conversation)
    ]
    known = set(_certain_numbers(evidence, groups))
    of_rules = [(one.first_word, one.last_word, one.value) for one in evidence.of_rules if one.value.isalnum()]
    known.update(_certain_numbers(evidence, of_rules))
    for first, last, value in groups:
        if len(value) >= _LEAST_END and any(one.startswith(value) or one.endswith(value) for one in known):
            yield from (word for word in range(first, last + 1) if words[word] not in joiners)


def _certain_numbers(evidence: Evidence, values: Collection[tuple[int, int, str]]) -> Iterator[str]:
    """The values, of first and last word, that are redacted as a whole and certain, with enough digits."""
    for first, last, value in values:
        words = slice(first, last + 1)
        if (
            sum(character.isdigit() for character in value) >= _LEAST_NUMBER
            and evidence.redacted[words].all()
            and evidence.probabilities[words].max() >= CERTAIN
        ):
            yield value


def _same_turn(conversation: Conversation, one: int, other: int) -> bool:
    """Whether a word exists and is in the turn of another."""
    return 0 <= other < len(conversation.words) and conversation.turn_of(one) == conversation.turn_of(other)
