"""Values of a recording's findings, which must not be heard in its redacted copy. They stay in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hushbeam.schemas.finding import Finding, personal_words
from hushbeam.schemas.spans import TimeSpan
from hushbeam.transforms.detect_pii.text.atoms import Kind
from hushbeam.transforms.detect_pii.text.common_words import is_common
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.detect_pii.text.tokens import plain
from hushbeam.transforms.verify_audio.spoken_form import runs_of_signs

SHORTEST_PART = 4
"""A longer value counts as leaked if this many consecutive signs of it are recognised."""

SHORTEST_NUMBER = 3
"""A number of this many digits counts as leaked if all of them are recognised. Shorter ones are too common."""

_SHORTEST_WORD = 3
_EVERYDAY_WORDS_OF = "en"
"""The only language with a list of everyday words; in other languages, any word may be one."""


@dataclass(frozen=True)
class KnownValue:
    """The value of one finding.

    Attributes:
      policy, label: As in the finding.
      place: The channel and time at which it was said.
      signs: Runs of digits and letters that were said one by one.
      words: Words that occur only in this value, in lower case.
      common_words: Words of the value that are everyday words or occur elsewhere in the conversation: they give it away
        only at its place.
    """

    policy: str
    label: str
    place: TimeSpan
    signs: tuple[str, ...] = field(repr=False)
    words: frozenset[str] = field(repr=False)
    common_words: frozenset[str] = field(repr=False)


def known_values(conversation: Conversation, findings: Sequence[Finding]) -> tuple[KnownValue, ...]:
    """The values of all findings that have words and can be recognised."""
    personal = personal_words(findings)
    kept = {
        atom.value
        for atom in conversation.atoms
        if atom.kind is Kind.WORD and conversation.word_at(atom.start) not in personal
    }
    language = conversation.language
    uninformative = language.fillers | language.backchannels | language.joiners | language.symbols.keys()
    signs_of, words_of = _signs_by_word(conversation), _words_by_word(conversation)
    masked = set(conversation.transcript.masked_words)  # nobody said `[PII]`
    values = []
    for finding in findings:
        if finding.first_word is None or finding.last_word is None:
            continue
        own = [word for word in range(finding.first_word, finding.last_word + 1) if word not in masked]
        signs: dict[int, str] = {}
        for word in own:
            for run, value in signs_of.get(word, ()):
                signs[run] = signs.get(run, "") + value
        words = {value: written for word in own for value, written in words_of.get(word, ())}
        common = {
            word
            for word, written in words.items()
            if language.code != _EVERYDAY_WORDS_OF or word in kept or is_common(plain(written))
        }
        known = KnownValue(
            policy=finding.policy,
            label=finding.label,
            place=TimeSpan(finding.channel, finding.start_s, finding.end_s),
            signs=tuple(run for run in signs.values() if is_telling(run)),
            words=frozenset(words.keys() - common),
            common_words=frozenset(common - uninformative),
        )
        if known.signs or known.words or known.common_words:
            values.append(known)
    return tuple(values)


def _signs_by_word(conversation: Conversation) -> dict[int, list[tuple[int, str]]]:
    """For each word that says signs: the number of their run, and each sign."""
    by_word: dict[int, list[tuple[int, str]]] = {}
    for number, run in enumerate(runs_of_signs(conversation)):
        for sign in run:
            by_word.setdefault(sign.word, []).append((number, sign.value))
    return by_word


def _words_by_word(conversation: Conversation) -> dict[int, list[tuple[str, str]]]:
    """For each word of the conversation: its parts that are long enough to be searched for, and their spelling."""
    by_word: dict[int, list[tuple[str, str]]] = {}
    for atom in conversation.atoms:
        if atom.kind is Kind.WORD and len(atom.value) >= _SHORTEST_WORD:
            written = conversation.text[atom.start : atom.end]
            by_word.setdefault(conversation.word_at(atom.start), []).append((atom.value, written))
    return by_word


def is_telling(signs: str) -> bool:
    """Whether there are enough signs that finding them again is not a coincidence."""
    return len(signs) >= SHORTEST_PART or (len(signs) == SHORTEST_NUMBER and signs.isdigit())
