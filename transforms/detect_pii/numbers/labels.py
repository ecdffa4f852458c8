"""Labels of numbers: the policy that a number may belong to, by what asks for it, announces it, or by its check digit.

The conversation model decides which numbers are redacted, and under which policy. A label is one of the things that it
reads.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from hushbeam.transforms.detect_pii.numbers.checksums import kinds_of_number
from hushbeam.transforms.detect_pii.numbers.runs import Run
from hushbeam.transforms.detect_pii.text.atoms import Kind
from hushbeam.transforms.detect_pii.text.conversation import AtomReader, Conversation
from hushbeam.transforms.detect_pii.text.cues import Cue


class Shape(NamedTuple):
    """Length of a kind of number after a cue: wide, for recognisers lose and repeat digits.

    Attributes:
      least, most: Digits and letters.
      with_letters: Whether it may contain more than two letters.
    """

    least: int
    most: int
    with_letters: bool = False


SHAPES = {
    "phone_number": Shape(3, 16),
    "credit_card_number": Shape(3, 40),
    "card": Shape(8, 40),
    "credit_card_cvv": Shape(2, 4),
    "credit_card_expiration": Shape(2, 6),
    "us_social_security_number": Shape(3, 16),
    "account_number": Shape(3, 30, True),
    "banking_information": Shape(4, 36, True),
    "healthcare_number": Shape(3, 20, True),
    "drivers_license": Shape(3, 20, True),
    "passport_number": Shape(4, 14, True),
    "vehicle_id": Shape(3, 24, True),
    "password": Shape(3, 14, True),
    "code": Shape(3, 10, True),
    "location_zip": Shape(3, 9, True),
    "date_of_birth": Shape(3, 10),
    "ip_address": Shape(4, 16),
    "number_sequence": Shape(4, 40, True),
}
"""By policy of the cue."""
_POLICY_OF = {"card": "credit_card_number", "code": "password"}
"""Of the cues that name no policy."""


class Evidence(NamedTuple):
    """What a cue says about a number, by the place where it stands.

    Attributes:
      score: That of a label by a cue that is as near as it can be.
      a_step: What each step between them takes off.
      farthest: Steps at most.
    """

    score: float
    a_step: float
    farthest: int

    def after(self, steps: int) -> float | None:
        """The score of a cue so many steps away, less than one if it stands in the number; None if that is too far."""
        return None if steps > self.farthest else self.score - max(steps, 0) * self.a_step


IN_FRONT = Evidence(0.95, 0.04, 12)
"""A cue before the number in the same turn; steps are words."""
IN_EARLIER_TURN = Evidence(0.95, 0.1, 4)
"""A cue in an earlier turn; steps are turns."""
BEHIND = Evidence(0.85, 0.04, 5)
"""A cue after the number in the same turn: `4471 is my account number`; steps are words."""
_CHECK_DIGIT_SCORE = 0.85
_LENGTH_SCORE = 0.6
_ANY_SCORE = 0.5
_LONGEST_WAIT_S = 40.0
_LEAST_DIGITS = 6
_LEAST_DIGIT_BY_DIGIT = 4
_LEAST_WITH_LETTERS = 4
_LONGEST_OF_THINGS = 6


class NumberLabel(NamedTuple):
    """The policy of a number, and a score from 0 to 1."""

    policy: str
    score: float


class NumberLabels(AtomReader):
    """Labels the numbers of one conversation.

    Args:
      cues: In the order of the text.
    """

    def __init__(self, conversation: Conversation, cues: Sequence[Cue]) -> None:
        super().__init__(conversation)
        self._cues = cues
        self._cue_ends = [cue.end for cue in cues]
        self._atom_starts = [atom.start for atom in conversation.atoms]

    def label(self, run: Run) -> NumberLabel | None:
        """The label of a number; None for a short one that nothing announces."""
        if not self._counts_things(run):
            cued = self.cued(run.groups[0].first, run.groups[-1].last, len(run.value), run.letters)
            if cued is not None:
                return cued
            if kinds := kinds_of_number(run.value):
                return NumberLabel(kinds[0], _CHECK_DIGIT_SCORE)
            if len(run.value) >= self._least_without_cue(run):
                return NumberLabel("number_sequence", _LENGTH_SCORE)
        return NumberLabel("any_number", _ANY_SCORE) if run.digits >= 3 else None

    def cued(
        self, first: int, last: int, length: int, letters: int, only: Collection[str] = SHAPES
    ) -> NumberLabel | None:
        """The label by the cue with the best score; of equal ones, the nearest.

        Args:
          first, last: Atoms of the number.
          only: Policies of the cues that count.
        """
        fitting = [
            NumberLabel(_POLICY_OF.get(cue.policy, cue.policy), score)
            for cue, score in self._evidence(first, last)
            if cue.policy in only and _fits(SHAPES.get(cue.policy), length, letters)
        ]
        return max(fitting, key=lambda label: label.score, default=None)

    def _evidence(self, first: int, last: int) -> Iterator[tuple[Cue, float]]:
        """Cues near a number, from the nearest to the farthest on each side, with the scores of their evidence."""
        start, turn = self._atoms[first].end, self._turns[first]
        start_s = self._conversation.words[self._conversation.word_at(self._atoms[first].start)].start_s
        before = bisect_right(self._cue_ends, start)
        for cue in reversed(self._cues[:before]):
            if cue.turn == turn:
                score = IN_FRONT.after(first - bisect_left(self._atom_starts, cue.end))
            elif start_s - cue.end_s <= _LONGEST_WAIT_S:
                score = IN_EARLIER_TURN.after(turn - cue.turn)
            else:
                score = None
            if score is None:
                break
            yield cue, score
        for cue in self._cues[before:]:
            score = BEHIND.after(bisect_left(self._atom_starts, cue.start) - last - 1)
            if cue.turn != turn or score is None:
                break
            yield cue, score

    def _counts_things(self, run: Run) -> bool:
        """`room 2204`, `press one`, `version 10.4`, `four thousand two hundred`: what is counted or numbered."""
        atoms = self._atoms[run.groups[0].first : run.groups[-1].last + 1]
        if any(atom.kind is Kind.THOUSAND for atom in atoms):
            return True
        position = run.groups[0].first - 1
        while self._value(position) in ("number", "no", "is", "#", "the"):
            position -= 1
        return (
            len(run.value) <= _LONGEST_OF_THINGS
            and self._is_together(position, run.groups[0].first)
            and self._value(position) in self._language.veto_cues
        )

    def _least_without_cue(self, run: Run) -> int:
        atoms = [atom for group in run.groups for atom in self._atoms[group.first : group.last + 1]]
        if run.letters and run.digits > 1:
            return _LEAST_WITH_LETTERS
        one_by_one = all(atom.kind in (Kind.DIGIT, Kind.REPEAT, Kind.SYMBOL) for atom in atoms)
        return _LEAST_DIGIT_BY_DIGIT if one_by_one else _LEAST_DIGITS


def _fits(shape: Shape | None, length: int, letters: int) -> bool:
    return shape is not None and shape.least <= length <= shape.most and (shape.with_letters or letters <= 2)
