"""Recogniser of passwords, answers to security questions and user names, by the words that announce them.

PINs and one-time codes are digits and belong to the spoken numbers.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from hushbeam.transforms.detect_pii.languages import Language
from hushbeam.transforms.detect_pii.recogniser import Candidate, GrammarRecogniser
from hushbeam.transforms.detect_pii.text.atoms import NUMBERS, Atom, Kind
from hushbeam.transforms.detect_pii.text.conversation import AtomReader, Conversation
from hushbeam.transforms.detect_pii.text.cues import lowered

_LEADING_OVER = (" as", " under", " with", " by")
_LONGEST_PASSWORD = 24
_LONGEST_USERNAME = 10
_LONGEST_ANSWER = 7
_LONGEST_MIXED = 4
_TURNS_OPEN = 2
_ATOMS_TO_FOLLOW_UP = 25
_ATOMS_BEFORE_ANNOUNCEMENT = 4
_TURNS_OF_VERIFICATION = 8


class _Announcement(NamedTuple):
    """An announcement such as `my password` or `your mother's maiden name`: its kind, its end, and whether the value
    follows directly, as after `log in as`.
    """

    policy: str
    end: int
    turn: int
    linked: bool


class Credentials(GrammarRecogniser):
    """Finds what follows "my password is", "username" and security questions, in the same turn or in the answer."""

    name = "secrets"
    policies = frozenset({"password", "username", "person_name"})

    def recognise(self, conversation: Conversation) -> Iterable[Candidate]:
        if not conversation.language.secret_cues:
            return
        yield from _SecretGrammar(conversation).scan()


class _SecretGrammar(AtomReader):
    def __init__(self, conversation: Conversation) -> None:
        super().__init__(conversation)
        self._lowered = lowered(conversation.text)

    def scan(self) -> Iterator[Candidate]:
        for announcement in self._announcements():
            said_at_once = list(self._in_same_turn(announcement))
            yield from said_at_once
            yield from self._in_follow_up(announcement)
            if not said_at_once:
                yield from self._in_answer(announcement)
        yield from self._by_case_of_letters()

    def _by_case_of_letters(self) -> Iterator[Candidate]:
        """`small q, capital T, nine, dash, mule`: people say the case of letters only for secrets."""
        end = 0
        for position in range(len(self._atoms)):
            if position < end or not self._says_case(position):
                continue
            clause = self._clause(position)
            end = position + len(clause)
            mixed = any(atom.is_number or atom.value in self._language.symbols for atom in clause)
            is_address = any(atom.value in ("@", "at") for atom in clause)
            if mixed and not is_address:
                yield from self._up_to_end("password", position, 0.7)

    def _says_case(self, position: int) -> bool:
        """Whether an atom says how the letter or word behind it is written."""
        value = self._value(position)
        if not self._is_together(position, position + 1):
            return False
        if value in self._language.letter_cases:
            return self._kind(position + 1) in (Kind.LETTER, Kind.WORD)
        if value not in self._language.letter_sizes:
            return False
        following = self._value(position + 1)
        is_letter = self._kind(position + 1) is Kind.LETTER and following not in self._language.one_letter_words
        return is_letter or following == "case"

    def _announcements(self) -> Iterator[_Announcement]:
        latest: _Announcement | None = None
        matches = [
            (match.lastgroup or "", match, self._conversation.turn_of(self._conversation.word_at(match.start())))
            for match in _pattern(self._language).finditer(self._lowered)
        ]
        verified = [turn for policy, _, turn in matches if policy == "verification"]
        for announced, match, turn in matches:
            policy = announced
            if policy == "another":
                # "And the new one" refers to the kind that was asked for last.
                if latest is None or turn - latest.turn > 2 * _TURNS_OPEN:
                    continue
                policy = latest.policy
            if policy == "verification":
                continue
            if policy == "memory":
                # Favourite teachers and first cars are small talk, unless somebody is being verified.
                if not any(-1 <= turn - verification <= _TURNS_OF_VERIFICATION for verification in verified):
                    continue
                policy = "answer"
            leads_over = match.group().endswith(_LEADING_OVER) or self._lowered.startswith("'s ", match.end())
            latest = _Announcement(policy, match.end(), turn, leads_over)
            yield latest

    def _in_same_turn(self, announcement: _Announcement) -> Iterator[Candidate]:
        """`my password is capital B, lowercase l u e`."""
        first = self._atom_from(announcement.end)
        linked = announcement.linked
        while first < len(self._atoms) and self._turns[first] == announcement.turn:
            value = self._atoms[first].value
            if value in self._language.secret_links or value == ":":
                linked = True
            elif not linked or value not in ("-", ",", *self._language.fillers - {"so", "right", "like"}):
                break
            first += 1
        if not linked or first >= len(self._atoms) or self._turns[first] != announcement.turn:
            return
        if self._atoms[first].value in ".?!" or self._atoms[first].value.lower() in self._language.not_secrets:
            return
        yield from self._up_to_end(announcement.policy, first, 0.85)

    def _in_follow_up(self, announcement: _Announcement) -> Iterator[Candidate]:
        """`I forgot my password. I think it was blue dragon 7.`"""
        first = self._atom_from(announcement.end)
        for position in range(first, min(first + _ATOMS_TO_FOLLOW_UP, len(self._atoms) - 1)):
            if self._turns[position] != announcement.turn:
                return
            for pointer in self._language.secret_pointers:
                end = position + len(pointer)
                said = tuple(atom.value for atom in self._atoms[position:end]) == pointer
                if said and self._is_together(position, end) and self._looks_chosen(end):
                    yield from self._up_to_end(announcement.policy, end, 0.7)
                    return

    def _looks_chosen(self, first: int) -> bool:
        """Whether words read as a password by themselves: digits, signs or letters among few words."""
        if not self._reads_as_secret(first, self._turns[first]):
            return False
        clause = self._clause(first)
        mixed = any(atom.kind is not Kind.WORD or atom.value in self._language.symbols for atom in clause)
        return mixed or self._is_capital(first)

    def _in_answer(self, announcement: _Announcement) -> Iterator[Candidate]:
        """`What was your first pet?` `Biscuit.`"""
        if not self._is_prompt(announcement):
            return
        asked_by = self._conversation.utterances[announcement.turn].channel
        channels = {utterance.channel for utterance in self._conversation.utterances}
        tried = 0
        for turn in range(announcement.turn + 1, len(self._conversation.utterances)):
            if self._conversation.utterances[turn].channel == asked_by and len(channels) > 1:
                continue
            tried += 1
            if tried > _TURNS_OPEN:
                return
            first = self._after_announcement(turn)
            while first < len(self._atoms) and self._turns[first] == turn and self._is_lead(first):
                first += 1
            if first >= len(self._atoms) or self._turns[first] != turn:
                continue
            if self._reads_as_secret(first, turn):
                yield from self._up_to_end(announcement.policy, first, 0.8)
            return

    def _after_announcement(self, turn: int) -> int:
        """Where an answer starts: after `my username is`, if it says so."""
        first, end = self._atom_of_turn(turn), self._atom_of_turn(turn + 1)
        if first == end:
            return first
        for match in _pattern(self._language).finditer(
            self._lowered, self._atoms[first].start, self._atoms[end - 1].end
        ):
            following = self._atom_from(match.end())
            early = self._atom_from(match.start()) - first <= _ATOMS_BEFORE_ANNOUNCEMENT
            if early and following < end and self._value(following) in self._language.secret_links:
                return following
        return first

    def _is_prompt(self, announcement: _Announcement) -> bool:
        """Whether the words are asked for: little follows them in their turn, or a question mark does."""
        rest = []
        for position in range(self._atom_from(announcement.end), len(self._atoms)):
            if self._turns[position] != announcement.turn:
                break
            rest.append(self._atoms[position])
        words = sum(atom.kind is not Kind.SYMBOL for atom in rest)
        one_sentence = not any(atom.value in ".!" for atom in rest[:-1])
        return (words <= 6 and one_sentence) or any(atom.value == "?" for atom in rest[:12])

    def _is_lead(self, position: int) -> bool:
        value = self._atoms[position].value.lower()
        return value in self._language.secret_leads or self._atoms[position].value in (",", ".", ":", "-")

    def _reads_as_secret(self, first: int, turn: int) -> bool:
        """Whether an answer's first clause is a value and not a sentence."""
        clause = self._clause(first)
        following = first + len(clause)
        if self._value(following) == "?" and self._turns[following] == turn:
            return False
        words = [atom for atom in clause if atom.kind is not Kind.SYMBOL]
        spelled = any(atom.kind is not Kind.WORD for atom in words)
        if spelled and len(words) <= _LONGEST_MIXED and words[0].kind is Kind.WORD and words[-1].is_number:
            return True
        if not words or (len(words) > _LONGEST_ANSWER and not spelled):
            return False
        if words[0].value.lower() in self._language.not_secrets:
            return False
        if all(atom.value in self._language.backchannels for atom in words):
            return False
        return not any(
            atom.value.lower() in self._language.sentence_words and not self._is_spelled_letter(first + offset)
            for offset, atom in enumerate(self._atoms[first : first + _LONGEST_ANSWER])
            if atom in clause
        )

    def _clause(self, first: int) -> Sequence[Atom]:
        """The atoms up to the end of a sentence or utterance."""
        end = first
        while end < len(self._atoms) and self._turns[end] == self._turns[first]:
            ends = self._value(end) in (".", "!") and self._followed_by_space(end)
            if self._value(end) == "?" or (ends and self._value(end - 1) not in self._language.abbreviations):
                break
            end += 1
        return self._atoms[first:end]

    def _is_spelled_letter(self, position: int) -> bool:
        """Whether an `I` is a letter, because another letter or a digit is next to it."""
        neighbours = (self._kind(position - 1), self._kind(position + 1))
        return self._kind(position) is Kind.LETTER and any(kind in (Kind.LETTER, *NUMBERS) for kind in neighbours)

    def _up_to_end(self, policy: str, first: int, score: float) -> Iterator[Candidate]:
        """To the end of the clause; signs, digits and spelled letters do not end it."""
        longest = {"username": _LONGEST_USERNAME, "answer": _LONGEST_ANSWER}.get(policy, _LONGEST_PASSWORD)
        last = first
        words = 0
        for position in range(first, len(self._atoms)):
            atom = self._atoms[position]
            if self._turns[position] != self._turns[first]:
                break
            if atom.kind is Kind.SYMBOL:
                titled = atom.value == "." and self._value(position - 1) in self._language.abbreviations
                if atom.value == "?" or (atom.value in ".!" and self._followed_by_space(position) and not titled):
                    break
                if atom.value == "," and policy != "password" and not self._goes_on(position + 1):
                    break
                continue
            if (
                position > first
                and atom.value.lower() in self._language.secret_ends
                and not self._is_spelled(position + 1)
            ):
                break
            if policy == "username" and position > first and self._is_number(position - 1) and self._is_word(position):
                break
            words += 1
            if words > longest:
                break
            last = position
        span = self._conversation.words_of(self._atoms[first].start, self._atoms[last].end)
        alternatives = ("person_name",) if policy == "answer" else ("password",) if policy == "username" else ()
        named = "password" if policy == "answer" else policy
        value = " ".join(atom.value.lower() for atom in self._atoms[first : last + 1] if atom.kind is not Kind.SYMBOL)
        yield Candidate(named, *span, score, Credentials.name, value, alternatives)

    def _goes_on(self, position: int) -> bool:
        """Whether letters or digits follow a comma, as in `d, m, i, l`."""
        if position >= len(self._atoms):
            return False
        return self._atoms[position].kind is not Kind.WORD or self._atoms[position].value in self._language.symbols

    def _is_word(self, position: int) -> bool:
        return self._kind(position) is Kind.WORD and self._value(position) not in self._language.symbols

    def _is_spelled(self, position: int) -> bool:
        """Whether letters, digits or signs go on: `and then a 7`."""
        while self._value(position) in ("then", "A", "an", "the"):
            position += 1
        return (
            self._kind(position) not in (None, Kind.WORD, Kind.SYMBOL)
            or self._value(position) in self._language.symbols
        )

    def _followed_by_space(self, position: int) -> bool:
        end = self._atoms[position].end
        return end >= len(self._text) or self._text[end].isspace()

    def _atom_from(self, character: int) -> int:
        return bisect_left(self._atoms, character, key=lambda atom: atom.start)

    def _atom_of_turn(self, turn: int) -> int:
        return bisect_left(self._turns, turn)


@cache
def _pattern(language: Language) -> re.Pattern[str]:
    groups = "|".join(f"(?P<{policy}>{'|'.join(patterns)})" for policy, patterns in language.secret_cues.items())
    return re.compile(rf"(?<![a-zà-ÿ])(?:{groups})(?![a-zà-ÿ])")
