"""Labeller of numbers: chooses the policy of a run of digits by questions, announcements and its length."""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hushbeam.transforms.detect_pii.numbers.checksums import kinds_of_number
from hushbeam.transforms.detect_pii.numbers.runs import Group, Run
from hushbeam.transforms.detect_pii.text.atoms import NUMBERS, Kind
from hushbeam.transforms.detect_pii.text.conversation import AtomReader, Conversation
from hushbeam.transforms.detect_pii.text.cues import Cue


class Shape(NamedTuple):
    """Length of a kind of number.

    Attributes:
      least, most: Accepted lengths after a cue. Speech recognisers lose and repeat digits, so the range is wide.
      usual: Lengths that such a number really has.
      with_letters: Whether it may contain letters.
    """

    least: int
    most: int
    usual: frozenset[int]
    with_letters: bool


def _shape(least: int, most: int, usual: Sequence[int], with_letters: bool = False) -> Shape:
    return Shape(least, most, frozenset(usual), with_letters)


SHAPES = {
    "phone_number": _shape(3, 16, (7, 10, 11, 12)),
    "credit_card_number": _shape(3, 40, (4, *range(14, 20))),
    "card": _shape(8, 40, range(14, 20)),
    "credit_card_cvv": _shape(2, 4, (3, 4)),
    "credit_card_expiration": _shape(2, 6, (3, 4, 6)),
    "us_social_security_number": _shape(3, 16, (4, 9, 13, 15)),
    "account_number": _shape(3, 30, range(6, 16), True),
    "banking_information": _shape(4, 36, (6, 8, 9, 10, 11, 12, 18, 20, 22, 24), True),
    "healthcare_number": _shape(3, 20, range(6, 13), True),
    "drivers_license": _shape(3, 20, range(7, 14), True),
    "passport_number": _shape(4, 14, range(7, 10), True),
    "vehicle_id": _shape(3, 24, (5, 6, 7, 8, 17), True),
    "password": _shape(3, 14, (4, 6, 8), True),
    "code": _shape(3, 10, (3, 4, 6), True),
    "location_zip": _shape(3, 9, (5, 6, 7, 9), True),
    "date_of_birth": _shape(3, 10, (5, 6, 7, 8)),
    "ip_address": _shape(4, 16, range(6, 13)),
    "number_sequence": _shape(4, 40, range(6, 21), True),
}
_NUMBER_POLICIES = tuple(policy for policy in SHAPES if policy not in ("code", "card"))

# A cue loses strength with the words and turns between it and the number; below the floor it counts no more.
_FULL_STRENGTH = 100
_FLOOR = 45
_SURE = 85
_PER_WORD = 4
_PER_SENTENCE = 6
_PER_TURN = 12
_PER_WORD_AFTER_QUESTION = 2
_FOR_AN_ANSWERED_CUE = 40
_FOR_A_VAGUE_CUE = 20
_FOR_A_USUAL_LENGTH = 15
_FOR_A_SHORT_NUMBER = 15
_FOR_A_CUE_BEHIND = 15
_FOR_A_CARDINAL = 40
_SLOT_OPEN_S = 40.0
_CARD_TALK_S = 120.0
_CARD_ANSWER_S = 15.0
_LEAST_OF_A_CARD = 13
_WORDS_AFTER_CARD = 8
_OF_CARDS = frozenset({"card", "credit_card_number", "credit_card_expiration"})
# Expiry years of cards that may still be in use.
_EXPIRY_YEARS = range(2022, 2046)
_MONTH_AND_YEAR = re.compile(r"(?:0?[1-9]|1[0-2])(?:20)?(?:2[2-9]|3\d|4[0-5])")
# Lengths of a number without an announcement: digits, digits said one by one, digits and letters.
_LEAST_DIGITS = 6
_LEAST_DIGIT_BY_DIGIT = 4
_LEAST_WITH_LETTERS = 4
_LEAST_BESIDE_LETTERS = 2
_VAGUE = frozenset({"number_sequence", "code"})
_TURNS_BACK = 8
_LEAST_IN_SEVERAL_GROUPS = 7
_TURNS_TO_REPAIR = 2
_EMERGENCY_NUMBERS = frozenset({"911", "999", "112", "988", "311", "411", "611", "101", "111"})


@dataclass(frozen=True)
class NumberLabel:
    """The policy of a run.

    Attributes:
      policy: The most likely policy.
      alternatives: Other possible policies, most likely first.
      score: 0 to 1.
      cued: Whether a cue named it.
    """

    policy: str
    alternatives: tuple[str, ...]
    score: float
    cued: bool


class _Evidence(NamedTuple):
    policy: str
    strength: float
    cue: int


class NumberLabeller(AtomReader):
    """Labels the runs of one conversation in time order.

    The order matters: an answered question accepts no further numbers.
    """

    def __init__(self, conversation: Conversation, cues: Sequence[Cue]) -> None:
        super().__init__(conversation)
        self._cues = cues
        self._cue_ends = [cue.end for cue in cues]
        self._atom_starts = [atom.start for atom in conversation.atoms]
        self._answered: dict[int, int] = {}
        self._card_seen_s = float("-inf")
        self._expiry_seen_s = float("-inf")
        self._latest: tuple[NumberLabel, int, float] | None = None
        self._backchannel = [self._acknowledges(turn) for turn in range(len(conversation.utterances))]

    def label(self, run: Run) -> NumberLabel | None:
        """The policy of a run; None without one."""
        lengths = _lengths(run)
        vetoed = self._is_vetoed(run)
        evidence = [] if vetoed else sorted(self._evidence(run, lengths), key=lambda item: -item.strength)
        label: NumberLabel | None
        if evidence and evidence[0].strength >= _FLOOR:
            label = self._cued(run, evidence, lengths)
        else:
            label = None if vetoed else self._uncued(run) or self._repaired(run) or self._after_card(run)
            if label is None and not vetoed:
                label = self._expiry_of_card(run)
        if label is not None:
            self._latest = label, self._turns[run.groups[-1].last], self._end_s(run)
            is_card = label.policy == "number_sequence" and not label.cued and run.digits >= _LEAST_OF_A_CARD
            if is_card or label.policy.startswith("credit_card"):
                self._card_seen_s = self._end_s(run)
            if label.policy == "credit_card_expiration":
                self._expiry_seen_s = self._end_s(run)
        return label

    def _goes_on(self, turn: int) -> bool:
        """Whether a turn takes up a number where the same side left it, with nothing but acknowledgements between."""
        assert self._latest is not None
        _, latest, end_s = self._latest
        utterances = self._conversation.utterances
        return (
            utterances[turn].channel == utterances[latest].channel
            and utterances[turn].start_s - end_s <= _CARD_ANSWER_S
            and all(self._backchannel[between] for between in range(latest + 1, turn))
        )

    def _after_card(self, run: Run) -> NumberLabel | None:
        """Three or four digits that follow a card number without a word: its security code or expiry date."""
        if self._start_s(run) - self._card_seen_s > _CARD_ANSWER_S or run.letters or run.digits not in (3, 4):
            return None
        if self._is_thousands(run):
            return None
        expiry = run.digits == 4 and 1 <= int(run.value[:2]) <= 12
        policies = ("credit_card_expiration", "credit_card_cvv")
        first, second = policies if expiry else policies[::-1]
        return NumberLabel(first, _others(first, [second, "credit_card_number"]), 0.55, False)

    def _expiry_of_card(self, run: Run) -> NumberLabel | None:
        """`the old card with 05/27`: a month and a year of two digits right after a card is named."""
        # Recognisers write the letter for a zero.
        if not _MONTH_AND_YEAR.fullmatch(run.value.replace("O", "0")) or not self._may_expire(run):
            return None
        policy = "credit_card_expiration"
        return NumberLabel(policy, _others(policy, ["credit_card_cvv", "credit_card_number"]), 0.55, False)

    def _may_expire(self, run: Run) -> bool:
        """Whether a card, or another expiry date, is named just before a run."""
        since_expiry_s = self._start_s(run) - self._expiry_seen_s
        return 0 <= since_expiry_s <= _CARD_ANSWER_S or self._speaks_of_card(run.groups[0].first, _WORDS_AFTER_CARD)

    def _speaks_of_card(self, position: int, words: int) -> bool:
        """Whether a card is named at most so many words before an atom, in any turn."""
        start = self._atoms[position].start
        for number in range(bisect_right(self._cue_ends, start) - 1, -1, -1):
            if position - bisect_left(self._atom_starts, self._cues[number].end) > words:
                return False
            if self._cues[number].policy in _OF_CARDS:
                return True
        return False

    def _repaired(self, run: Run) -> NumberLabel | None:
        """`Was that 614-555-0142?` `No, 0143.`: digits and little else, right after a number."""
        turn = self._turns[run.groups[0].first]
        if self._latest is None or not 0 < turn - self._latest[1] <= _TURNS_TO_REPAIR:
            return None
        if self._is_bare(run) and self._goes_on(turn):
            return NumberLabel(self._latest[0].policy, self._latest[0].alternatives, 0.6, False)
        if run.digits < 3:
            return None
        soft = self._language.fillers | self._language.backchannels
        atoms = self._atoms[bisect_left(self._turns, turn) : bisect_right(self._turns, turn)]
        words = [atom for atom in atoms if atom.kind is Kind.WORD]
        if any(atom.value not in soft and atom.value not in ("no", "not") for atom in words):
            return None
        label = self._latest[0]
        return NumberLabel(label.policy, label.alternatives, 0.6, False)

    def label_date(self, first: int, last: int, whole: bool, year: int) -> str | None:
        """`date_of_birth` or `credit_card_expiration` where a cue says that a date is one.

        Without a cue, a month and a year (not a `whole` date) right after a card number are its expiry date, and so is
        one to come right after a card is named.
        """
        group = Group(first, last, "00000000", self._turns[first])
        found = [
            item
            for item in self._evidence(Run([group]), (8, 4))
            if item.policy in ("date_of_birth", "credit_card_expiration")
        ]
        best = max(found, key=lambda item: item.strength, default=None)
        if best is not None and best.strength >= _FLOOR:
            self._answered[best.cue] = self._answered.get(best.cue, 0) + 1
            policy = best.policy
        elif not whole and self._expires(Run([group]), year):
            policy = "credit_card_expiration"
        else:
            return None
        if policy == "credit_card_expiration":
            self._expiry_seen_s = self._end_s(Run([group]))
        return policy

    def _expires(self, run: Run, year: int) -> bool:
        follows_card = 0 <= self._start_s(run) - self._card_seen_s <= _CARD_ANSWER_S
        return follows_card or (year in _EXPIRY_YEARS and self._may_expire(run))

    def expects(self, policy: str, group: Group) -> bool:
        """Whether a question or announcement makes a number of this kind likely where the group stands."""
        return any(
            item.policy == policy and item.strength >= _FLOOR
            for item in self._evidence(Run([group]), (len(group.value),))
        )

    def _cued(self, run: Run, evidence: Sequence[_Evidence], lengths: Sequence[int]) -> NumberLabel | None:
        best = evidence[0]
        policy = self._named(best.policy, run)
        if policy == "phone_number" and run.value in _EMERGENCY_NUMBERS:
            return None
        if any(length in SHAPES[best.policy].usual for length in lengths):
            self._answered[best.cue] = self._answered.get(best.cue, 0) + 1
        kinds = kinds_of_number(run.value)
        score = 0.6 + 0.3 * min(1.0, (best.strength - _FLOOR) / (_FULL_STRENGTH - _FLOOR))
        if policy in kinds:
            score = min(0.99, score + 0.1)
        if best.policy == "number_sequence" and kinds:
            policy = kinds[0]
        others = [self._named(item.policy, run) for item in evidence[1:]]
        if best.strength < _SURE:
            others += self._by_shape(run)
        return NumberLabel(policy, _others(policy, [*others, *kinds]), round(score, 3), True)

    def _uncued(self, run: Run) -> NumberLabel | None:
        if self._counts_something(run):
            return None
        kinds = kinds_of_number(run.value)
        digits, letters = run.digits, run.letters
        if letters and not kinds and (digits < _LEAST_BESIDE_LETTERS or not self._is_identifier(run)):
            return None
        if not letters and digits < (_LEAST_DIGIT_BY_DIGIT if self._is_said_digit_by_digit(run) else _LEAST_DIGITS):
            return None
        policy = kinds[0] if kinds else "number_sequence"
        score = 0.85 if kinds else 0.75 if digits >= 8 else 0.6
        return NumberLabel(policy, _others(policy, [*kinds, *self._by_shape(run)]), score, False)

    def _is_identifier(self, run: Run) -> bool:
        """Whether letters and digits are one identifier: `P zero three seven`, and not `five hundred... a`."""
        length = run.digits + run.letters
        if length >= _LEAST_DIGITS and run.digits > _LEAST_BESIDE_LETTERS:
            return True
        letters = {character for character in run.value if not character.isdigit()}
        text = self._text[self._atoms[run.groups[0].first].start : self._atoms[run.groups[-1].last].end]
        atoms = self._atoms[run.groups[0].first : run.groups[-1].last + 1]
        if any(atom.value in self._language.acronyms for atom in atoms):
            return False
        is_one_clause = len(run.groups) == 1 and not re.search(r"[.?!…](?:\s|\.)", text)
        return length >= _LEAST_WITH_LETTERS and is_one_clause and not letters <= self._language.one_letter_words

    def _is_said_digit_by_digit(self, run: Run) -> bool:
        """`two oh one one`: not the form of a count or a price."""
        atoms = [atom for group in run.groups for atom in self._atoms[group.first : group.last + 1]]
        return all(atom.kind in (Kind.DIGIT, Kind.REPEAT, Kind.SYMBOL) for atom in atoms)

    def _named(self, policy: str, run: Run) -> str:
        """A bare "code" is the card's security code while a card is being talked about."""
        if policy == "card":
            return "credit_card_number"
        if policy != "code":
            return policy
        recent = self._start_s(run) - self._card_seen_s <= _CARD_TALK_S
        return "credit_card_cvv" if recent and run.digits in (3, 4) else "password"

    def _evidence(self, run: Run, lengths: Sequence[int]) -> Iterator[_Evidence]:
        first = run.groups[0].first
        # A cue may share the article of a date with it: "né le".
        start = self._atoms[first].end
        turn = self._turns[first]
        start_s, end_s = self._start_s(run), self._end_s(run)
        bare = self._is_bare(run)
        for number in range(bisect_right(self._cue_ends, start) - 1, -1, -1):
            cue = self._cues[number]
            if turn - cue.turn > _TURNS_BACK or start_s - cue.end_s > 2 * _SLOT_OPEN_S:
                break
            if cue.turn == turn:
                strength = self._strength_in_turn(cue.end, first)
            elif start_s - cue.end_s <= _SLOT_OPEN_S:
                strength = self._strength_of_slot(cue, turn, first)
            else:
                continue
            yield from self._weighed(number, strength, run, lengths, bare)
        yield from self._evidence_behind(run, lengths)
        yield from self._evidence_meanwhile(run, lengths, start_s, end_s)

    def _strength_in_turn(self, cue_end: int, first: int) -> float:
        words = sentences = 0
        fillers = self._language.fillers
        for position in range(bisect_left(self._atom_starts, cue_end), first):
            atom = self._atoms[position]
            if atom.kind is Kind.SYMBOL:
                sentences += atom.value in ".?!"
            elif atom.value not in fillers:
                words += 1
        return _FULL_STRENGTH - _PER_WORD * words - _PER_SENTENCE * sentences

    def _strength_of_slot(self, cue: Cue, turn: int, first: int) -> float:
        hops = 1 + sum(not self._backchannel[between] for between in range(cue.turn + 1, turn))
        after = before = 0
        fillers = self._language.fillers
        for atom in self._atoms[bisect_left(self._atom_starts, cue.end) : bisect_right(self._turns, cue.turn)]:
            after += atom.kind is not Kind.SYMBOL
        for atom in self._atoms[bisect_left(self._turns, turn) : first]:
            before += atom.kind in (Kind.WORD, Kind.LETTER) and atom.value not in fillers
        return _FULL_STRENGTH - _PER_TURN * hops - _PER_WORD_AFTER_QUESTION * (min(after, 12) + min(before, 12))

    def _evidence_behind(self, run: Run, lengths: Sequence[int]) -> Iterator[_Evidence]:
        """`4471 is my account number`, `6789, those are the last four of my social`."""
        end = self._atoms[run.groups[-1].last].end
        turn = self._turns[run.groups[-1].last]
        for number in range(bisect_left(self._cue_ends, end), len(self._cues)):
            cue = self._cues[number]
            if cue.turn != turn or cue.start - end > 60:
                break
            if cue.start < end:
                continue
            between = re.findall(r"[a-zà-ÿ0-9']+|[?!]", self._text[end : cue.start].lower())
            if len(between) <= 5 and between and all(word in self._language.cue_links for word in between):
                yield from self._weighed(
                    number, _FULL_STRENGTH - _FOR_A_CUE_BEHIND - _PER_WORD * len(between), run, lengths
                )
            break

    def _evidence_meanwhile(
        self, run: Run, lengths: Sequence[int], start_s: float, end_s: float
    ) -> Iterator[_Evidence]:
        """Questions of the other side that were asked while an utterance went on, in which recognisers glue answers."""
        start = self._atoms[run.groups[0].first].start
        channel = self._conversation.channel_of(self._conversation.word_at(start))
        for number in range(bisect_right(self._cue_ends, start), len(self._cues)):
            cue = self._cues[number]
            if cue.start_s > end_s:
                break
            if cue.channel != channel and cue.start_s >= start_s - _SLOT_OPEN_S:
                yield from self._weighed(number, _FULL_STRENGTH - 2 * _PER_TURN, run, lengths)

    def _weighed(
        self, number: int, strength: float, run: Run, lengths: Sequence[int], bare: bool = False
    ) -> Iterator[_Evidence]:
        policy = self._cues[number].policy
        shape = SHAPES.get(policy)
        if shape is None or (run.letters and not shape.with_letters and run.letters > 2):
            return
        least = 1 if bare else shape.least
        fitting = [length for length in lengths if least <= length <= shape.most]
        if not fitting:
            return
        if policy in _VAGUE:
            strength -= _FOR_A_VAGUE_CUE
        if number in self._answered:
            strength -= _FOR_AN_ANSWERED_CUE
        if self._is_thousands(run) and not bare:
            strength -= _FOR_A_CARDINAL
        if any(length in shape.usual for length in fitting):
            strength += _FOR_A_USUAL_LENGTH
        elif max(fitting) < 4 and not bare:
            strength -= _FOR_A_SHORT_NUMBER
        yield _Evidence(policy, strength, number)

    def _is_bare(self, run: Run) -> bool:
        """Whether the utterance that a run starts in says nothing but the number: then no length is too short."""
        turn = self._turns[run.groups[0].first]
        atoms = self._atoms[bisect_left(self._turns, turn) : bisect_right(self._turns, turn)]
        if run.value == "1" and len(atoms) > 2:
            return False  # "That one."
        hesitations = self._language.hesitations
        homophones = self._language.homophones
        return all(
            atom.kind is not Kind.WORD or atom.value in hesitations or atom.value in homophones for atom in atoms
        )

    def _by_shape(self, run: Run) -> list[str]:
        """Kinds that the number may be by its length alone."""
        length = run.digits + run.letters
        return [
            policy
            for policy in _NUMBER_POLICIES
            if length in SHAPES[policy].usual
            and (SHAPES[policy].with_letters or not run.letters)
            and policy not in ("credit_card_expiration", "ip_address")
        ]

    def _is_vetoed(self, run: Run) -> bool:
        """`room 2204`, `press one`, `version 10.4`: numbers of things."""
        if run.digits + run.letters >= 7:
            return False
        position = run.groups[0].first - 1
        while position >= 0 and self._atoms[position].value in ("number", "no", "is", "#", "the"):
            position -= 1
        if position < 0 or self._turns[position] != self._turns[run.groups[0].first]:
            return False
        return self._atoms[position].value in self._language.veto_cues

    def _counts_something(self, run: Run) -> bool:
        """Whether an uncued run reads as an amount: `95,000`, `two million`, years, a range of numbers."""
        texts = [self._written(group) for group in run.groups]
        if all(re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", text) for text in texts):
            return True
        if len(run.groups) > 1 and run.digits < _LEAST_IN_SEVERAL_GROUPS:
            return True
        if run.digits < _LEAST_IN_SEVERAL_GROUPS + 2 and any(self._is_listed(group) for group in run.groups):
            return True
        if self._is_thousands(run):
            return True
        return all(re.fullmatch(r"(19|20)\d\d", text) for text in texts)

    def _is_listed(self, group: Group) -> bool:
        """`350 and 400`, `ten, twenty, thirty`: several numbers, not the parts of one."""
        inside = self._atoms[group.first : group.last + 1]
        if any(atom.kind is Kind.WORD and atom.value in self._language.list_words for atom in inside):
            return True
        numbers = [int(atom.value) for atom in inside if atom.kind in NUMBERS]
        steps = {second - first for first, second in itertools.pairwise(numbers)}
        counts = steps == {1} and len(numbers) >= 5
        climbs = len(steps) == 1 and min(steps) >= 5 and len(numbers) >= 3
        return (counts or climbs) and "-" not in self._written(group)

    def _is_thousands(self, run: Run) -> bool:
        """`four thousand two hundred`: not the form of an identifier."""
        atoms = self._atoms[run.groups[0].first : run.groups[0].last + 1]
        if len(run.groups) > 1 or not any(atom.kind is Kind.THOUSAND for atom in atoms):
            return False
        return len(run.value) <= 9 and sum(atom.kind is Kind.DIGIT for atom in atoms) <= 4

    def _acknowledges(self, turn: int) -> bool:
        utterance = self._conversation.utterances[turn]
        words = [word for text in utterance.words for word in re.findall(r"[^\W\d_]+", text.text.lower())]
        vocabulary = self._language.backchannels | self._language.fillers
        has_digits = any(character.isdigit() for word in utterance.words for character in word.text)
        return not has_digits and (len(words) <= 2 or all(word in vocabulary for word in words))

    def _written(self, group: Group) -> str:
        return self._text[self._atoms[group.first].start : self._atoms[group.last].end]

    def _start_s(self, run: Run) -> float:
        return self._conversation.words[self._conversation.word_at(self._atoms[run.groups[0].first].start)].start_s

    def _end_s(self, run: Run) -> float:
        return self._conversation.words[self._conversation.word_at(self._atoms[run.groups[-1].last].end - 1)].end_s


def _lengths(run: Run) -> tuple[int, ...]:
    """The lengths that the number may have: in all, and of each attempt at saying it."""
    lengths = {len(run.value)}
    if len(run.groups) > 1:
        half = len(run.value) // 2
        if len(run.value) % 2 == 0:
            lengths.add(half)
        lengths.update(len(group.value) for group in run.groups if len(group.value) >= 4)
    return tuple(lengths)


def _others(policy: str, policies: Sequence[str]) -> tuple[str, ...]:
    ordered = dict.fromkeys([*policies, "number_sequence", "any_number"])
    ordered.pop(policy, None)
    return tuple(ordered)
