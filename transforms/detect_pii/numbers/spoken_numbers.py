"""Recogniser of spoken numbers: identifiers, dates, amounts and other quantities."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from hushbeam.transforms.detect_pii.numbers.dates import SpokenDate, find_dates
from hushbeam.transforms.detect_pii.numbers.labels import SHAPES, NumberLabels
from hushbeam.transforms.detect_pii.numbers.quantities import Quantity, find_quantities
from hushbeam.transforms.detect_pii.numbers.runs import Run, correction_words, find_groups, find_runs
from hushbeam.transforms.detect_pii.recogniser import Candidate, Recogniser
from hushbeam.transforms.detect_pii.text.atoms import Kind
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.detect_pii.text.cues import find_cues

_QUANTITIES = ("money_amount", "statistics", "duration", "person_age", "time")
_OF_DATES = ("date_of_birth", "credit_card_expiration")
_LONGEST_HESITATION = 3


class SpokenNumbers(Recogniser):
    """Finds numbers, dates and quantities, however they are said, and labels them by what is said around them."""

    name = "spoken_numbers"
    policies = frozenset({*SHAPES, *_QUANTITIES, "date", "date_interval", "any_number"} - {"card", "code"})

    def recognise(self, conversation: Conversation) -> Iterable[Candidate]:
        quantities = find_quantities(conversation)
        dates = find_dates(conversation)
        claimed = [*quantities, *(Quantity("date", date.first, date.last, 0.9) for date in dates)]
        cues = find_cues(conversation)
        labels = NumberLabels(conversation, cues)
        for run in find_runs(conversation, find_groups(conversation, claimed), cues):
            yield from self._number(conversation, labels, run)
        for date in dates:
            yield self._date(conversation, labels, date)
        for quantity in quantities:
            yield from self._quantity(conversation, labels, quantity)

    def _number(self, conversation: Conversation, labels: NumberLabels, run: Run) -> Iterator[Candidate]:
        """A candidate for each stretch of a number: a hesitation within a turn does not end one, a correction does."""
        label = labels.label(run)
        if label is None:
            return
        atoms = conversation.atoms
        corrections = correction_words(conversation.language)
        stretches: list[tuple[int, int]] = []
        for group in run.groups:
            if stretches and group.turn == _turn(conversation, stretches[-1][1]):
                between = atoms[stretches[-1][1] + 1 : group.first]
                words = [atom.value for atom in between if atom.kind is not Kind.SYMBOL]
                if len(words) <= 1 or (len(words) <= _LONGEST_HESITATION and not corrections.intersection(words)):
                    stretches[-1] = stretches[-1][0], group.last
                    continue
            stretches.append((group.first, group.last))
        alternatives = () if label.policy == "any_number" else ("any_number",)
        for first, last in stretches:
            words_of = conversation.words_of(atoms[first].start, atoms[last].end)
            yield Candidate(label.policy, *words_of, round(label.score, 3), self.name, run.value, alternatives)

    def _date(self, conversation: Conversation, labels: NumberLabels, date: SpokenDate) -> Candidate:
        atoms = conversation.atoms
        words = conversation.words_of(atoms[date.first].start, atoms[date.last].end)
        is_weekday = not date.month and not date.year
        label = None if is_weekday else labels.cued(date.first, date.last, 4, 0, _OF_DATES)
        if label is not None:
            return Candidate(label.policy, *words, label.score, self.name, date.value, ("date", "any_number"))
        kind = "date" if date.is_whole_day or is_weekday else "date_interval"
        return Candidate(kind, *words, 0.8, self.name, "" if is_weekday else date.value)

    def _quantity(self, conversation: Conversation, labels: NumberLabels, quantity: Quantity) -> Iterator[Candidate]:
        atoms = conversation.atoms
        written = conversation.text[atoms[quantity.first].start : atoms[quantity.last].end]
        words = conversation.words_of(atoms[quantity.first].start, atoms[quantity.last].end)
        digits = "".join(re.findall(r"\d", written))
        # Recognisers write a security code as a price: "$732".
        if re.fullmatch(r"[$£€]\d{3,4}", written):
            label = labels.cued(quantity.first, quantity.last, len(digits), 0, ("credit_card_cvv",))
            if label is not None:
                yield Candidate(label.policy, *words, label.score, self.name, digits, ("money_amount", "any_number"))
                return
        if quantity.policy:
            yield Candidate(quantity.policy, *words, quantity.score, self.name)
        if len(digits) >= 3:
            yield Candidate("any_number", *words, 0.5, self.name)


def _turn(conversation: Conversation, position: int) -> int:
    return conversation.turn_of(conversation.word_at(conversation.atoms[position].start))
