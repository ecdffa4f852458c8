"""Grammar of amounts, ages, times and other quantities.

They have policies of their own, and they keep the digits of a price or of "20 minutes" out of the identifying numbers.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple
from weakref import WeakKeyDictionary

from hushbeam.transforms.detect_pii.text.atoms import NUMBERS, Kind
from hushbeam.transforms.detect_pii.text.conversation import AtomReader, Conversation

_CURRENCY = frozenset("$£€¥₹")
_PERCENT = "%"
_GLUED_MULTIPLIERS = frozenset({"K", "M", "million", "billion", "thousand"})
_MINUTES_IN_WORDS = frozenset({"10", "15"})
_LONGEST_ANNOUNCEMENT = 5
_WORDS_TO_WEIGHT = 5
_TURNS_TO_AGE = 2


class Quantity(NamedTuple):
    """A number that counts something.

    Attributes:
      policy: Empty without one: `three lights`.
      first, last: Atoms, inclusive.
      score: 0 to 1.
    """

    policy: str
    first: int
    last: int
    score: float


def find_quantities(conversation: Conversation) -> Sequence[Quantity]:
    """All quantities in the order of the text. They do not overlap. Kept as long as the conversation is."""
    quantities = _QUANTITIES.get(conversation)
    if quantities is None:
        quantities = _QUANTITIES[conversation] = tuple(_QuantityGrammar(conversation).scan())
    return quantities


_QUANTITIES: WeakKeyDictionary[Conversation, tuple[Quantity, ...]] = WeakKeyDictionary()


class _QuantityGrammar(AtomReader):
    """Methods named `_after_...` take a position and return the position after the atoms that they read."""

    def __init__(self, conversation: Conversation) -> None:
        super().__init__(conversation)
        self._words = conversation.language.quantities
        self._units = {unit: policy for policy, units in self._words.units.items() for unit in units}

    def scan(self) -> Iterator[Quantity]:
        position = 0
        while position < len(self._atoms):
            quantity = self._quantity_at(position)
            if quantity is None or not self._is_together(quantity.first, quantity.last):
                position += 1
            else:
                yield quantity
                position = quantity.last + 1

    def _quantity_at(self, position: int) -> Quantity | None:
        kind = self._atoms[position].kind
        if kind is Kind.SYMBOL:
            return self._signed_amount(position)
        if kind in NUMBERS:
            return self._counted(position)
        return self._clock_phrase(position) or self._announced(position)

    def _signed_amount(self, position: int) -> Quantity | None:
        """`$12,500`, `£3 million`, `$1,250 and 16 cents`."""
        if self._value(position) not in _CURRENCY or self._kind(position + 1) is not Kind.DIGITS:
            return None
        end = self._after_multipliers(self._after_numeral(position + 1))
        return Quantity("money_amount", position, self._after_cents(end) - 1, 0.95)

    def _counted(self, position: int) -> Quantity | None:
        end = self._after_cardinal(position)
        if (clock_end := self._after_clock(position, end)) is not None:
            return Quantity("time", position, clock_end - 1, 0.85)
        if self._value(end) == _PERCENT:
            return Quantity("statistics", position, end, 0.95)
        if (glued := self._glued_unit(position, end)) is not None:
            return glued
        unit = self._after_fraction(end)
        policy = self._units.get(self._value(unit)) if self._is_together(end - 1, unit) else None
        if policy is None:
            return self._rate(position, end) or self._age(position, end)
        return self._with_unit(policy, position, unit)

    def _with_unit(self, policy: str, position: int, unit: int) -> Quantity | None:
        if policy == "money_amount":
            return self._amount(position, unit)
        if policy == "duration":
            return self._duration(position, unit)
        if policy == "statistics":
            return self._percentage(position, unit)
        return Quantity(policy, position, unit, 0.5)

    def _glued_unit(self, position: int, end: int) -> Quantity | None:
        """`3rd`, `95k`."""
        if not self._is_glued(end) or self._kind(position) is not Kind.DIGITS:
            return None
        if self._value(end) in self._words.ordinal_endings:
            return Quantity("", position, end, 0.5)
        plain = not self._is_glued(position) and len(self._value(position)) <= 4
        alone = (
            plain and end == position + 1 and not self._is_number(end + 1) and self._kind(end + 1) is not Kind.LETTER
        )
        return Quantity("money_amount", position, end, 0.6) if self._value(end) == "K" and alone else None

    def _after_fraction(self, position: int) -> int:
        """Over `and a half`, a hyphen and hesitations to the unit."""
        while self._value(position) in self._language.interruptions:
            position += 1
        end = position
        while self._value(end) in self._words.fraction_words:
            end += 1
        skipped = {atom.value for atom in self._atoms[position:end]}
        return end if skipped == {"-"} or skipped & self._words.clock_fractions else position

    def _amount(self, position: int, unit: int) -> Quantity:
        """`dollars`; `weighs twelve pounds` is not an amount of money."""
        before = {atom.value for atom in self._atoms[max(0, position - _WORDS_TO_WEIGHT) : position]}
        if before & self._words.weight_words:
            return Quantity("", position, unit, 0.5)
        return Quantity("money_amount", position, self._after_cents(unit + 1) - 1, 0.95)

    def _percentage(self, position: int, unit: int) -> Quantity | None:
        """`percent`, `per cent`."""
        if self._value(unit) != "per":
            return Quantity("statistics", position, unit, 0.95)
        return Quantity("statistics", position, unit + 1, 0.95) if self._value(unit + 1) == "cent" else None

    def _duration(self, position: int, unit: int) -> Quantity:
        while self._value(unit) in self._words.unit_modifiers and self._units.get(self._value(unit + 1)) == "duration":
            unit += 1
        following = unit + 1 + (self._value(unit + 1) == "-")
        for ending in self._words.age_endings:
            end = following + len(ending)
            if tuple(atom.value for atom in self._atoms[following:end]) == ending:
                return Quantity("person_age", self._with_range(position), end - 1, 0.95)
        return Quantity("duration", self._with_range(position), unit, 0.9)

    def _with_range(self, position: int) -> int:
        """`three to five business days` starts at `three`."""
        if self._value(position - 1) in self._words.range_words and self._is_number(position - 2):
            return position - 2
        return position

    def _rate(self, position: int, end: int) -> Quantity | None:
        """`82,000 a year`, `twenty-five an hour`."""
        unit = end + 1
        if self._value(end) in self._words.rate_adverbs:
            unit = end
        elif self._value(end) not in self._words.rate_words:
            return None
        unit += self._value(unit) in self._words.unit_modifiers
        if self._units.get(self._value(unit)) != "duration" and unit != end:
            return None
        policy = "money_amount" if self._digits(position, end) >= 2 else ""
        return Quantity(policy, position, unit, 0.8)

    def _age(self, position: int, end: int) -> Quantity | None:
        """`he's seven`, `I'm 45`, `aged 30`."""
        if not self._ends_clause(end) or not 1 <= self._digits(position, end) <= 3:
            return None
        if self._is_told_age(position) or self._is_asked_age(position, end) or self._is_age_in_apposition(position):
            return Quantity("person_age", position, end - 1, 0.8)
        return None

    def _is_told_age(self, position: int) -> bool:
        """`I'm 45`, `she will be almost four`."""
        before = position - 1
        while self._value(before) in self._words.age_adverbs:
            before -= 1
        if self._value(before) in self._words.age_announcements:
            return True
        verb = before
        while self._value(before) in self._words.age_verbs:
            before -= 1
        return before < verb and self._value(before) in self._words.age_people and self._is_together(before, position)

    def _is_age_in_apposition(self, position: int) -> bool:
        """`my sister, forty-one,`: two digits between commas after somebody."""
        if self._value(position - 1) != "," or self._kind(position) not in (Kind.TENS, Kind.TEEN, Kind.DIGITS):
            return False
        return len(self._value(position)) == 2 and self._value(position - 2) in self._words.relatives

    def _is_asked_age(self, position: int, end: int) -> bool:
        """Whether a number is the first after a question for an age: `How old is he?` `Twenty-nine.`"""
        if self._after_group(position) != end or len(self._value(position)) > 2:
            return False
        question = self._latest_age_question(position)
        return (
            question is not None
            and self._turns[position] - self._turns[question] <= _TURNS_TO_AGE
            and not any(self._is_number(between) for between in range(question, position))
        )

    def _latest_age_question(self, position: int) -> int | None:
        """The last atom of the question for an age that was asked latest before an atom."""
        before = bisect_left(self._age_questions, position) - 1
        return self._age_questions[before] if before >= 0 else None

    @cached_property
    def _age_questions(self) -> list[int]:
        return [
            position + len(question) - 1
            for position in range(len(self._atoms))
            for question in self._words.age_questions
            if self._value(position) == question[0]
            and all(self._value(position + place) == word for place, word in enumerate(question))
        ]

    def _announced(self, position: int) -> Quantity | None:
        """`the copay is fourteen ninety-nine`: an amount with its name."""
        if self._value(position) not in self._words.amount_nouns:
            return None
        number = position + 1
        while self._value(number) in self._words.amount_links and number - position <= _LONGEST_ANNOUNCEMENT:
            number += 1
        if number == position + 1 or not self._is_number(number):
            return None
        end = self._after_cardinal(number)
        unit = self._units.get(self._value(end))
        further = end + (self._value(end) in (",", "-", "."))
        digits = self._digits(number, end)
        if unit not in (None, "money_amount") or self._is_number(further) or digits < 2:
            return None
        if digits > 6 and end - number == 1:
            return None
        if unit == "money_amount":
            end = self._after_cents(end + 1)
        return Quantity("money_amount", number, end - 1, 0.7)

    def _clock_phrase(self, position: int) -> Quantity | None:
        """`half past two`, `quarter to nine`, `at four`, `noon`."""
        value = self._value(position)
        number = position + 1
        if value in self._words.clock_fractions and self._value(number) in self._words.clock_relations:
            return Quantity("time", position, number + 1, 0.9) if self._is_number(number + 1) else None
        if value in self._words.clock_names:
            return Quantity("time", position, position, 0.7)
        if value not in self._words.clock_prepositions or not self._is_number(number):
            return None
        if (minutes := self._after_minutes(number)) is not None:
            return Quantity("time", number, minutes - 1, 0.7)
        end = self._after_cardinal(number)
        hour = "".join(atom.value for atom in self._atoms[number:end])
        whole = value in self._words.hour_prepositions and self._ends_clause(end) and hour in _HOURS
        if whole and self._after_clock(number, end) is None:
            return Quantity("time", number, end - 1, 0.6)
        return None

    def _after_minutes(self, position: int) -> int | None:
        """`six thirty`, `ten oh five`, and no digits after it."""
        minutes = position + 1
        if self._kind(position) not in (Kind.DIGIT, Kind.TEEN) or self._value(position) not in _HOURS:
            return None
        if self._kind(minutes) is Kind.TENS and self._value(minutes) < "60":
            end = self._after_group(minutes)
        elif self._kind(minutes) is Kind.TEEN and self._value(minutes) in _MINUTES_IN_WORDS:
            end = minutes + 1
        elif (
            self._kind(minutes) is Kind.DIGIT and self._value(minutes) == "0" and self._kind(minutes + 1) is Kind.DIGIT
        ):
            end = minutes + 2
        else:
            return None
        return end if self._is_linked(position, minutes) and not self._is_number(end) else None

    def _after_clock(self, position: int, end: int) -> int | None:
        """`10:30`, `9 a.m.`, `ten thirty p.m.`, `4 o'clock`."""
        written = end == position + 1 and self._value(end) == ":" and self._kind(end + 1) is Kind.DIGITS
        if written and len(self._value(end + 1)) == 2 and len(self._value(position)) <= 2:
            return self._after_half_of_day(end + 2) or end + 2
        return self._after_half_of_day(end)

    def _after_half_of_day(self, position: int) -> int | None:
        value = self._value(position)
        if value in self._words.halves_of_day:
            # "7 am I speaking with" is not a time; "7am" and "7 am." are.
            verb = value == "am" and not self._is_glued(position) and self._value(position + 1) == "I"
            return None if verb else position + 1
        if value in ("A", "P"):
            minutes = position + 1 + (self._value(position + 1) == ".")
            if self._value(minutes) == "M":
                return minutes + 1 + (self._value(minutes + 1) == "." and self._is_glued(minutes + 1))
        return None

    def _after_cardinal(self, position: int) -> int:
        """After one number: `12,500`, `3.5`, `two hundred and fifty`, `fourteen ninety-nine`."""
        if self._kind(position) is Kind.DIGITS:
            return self._after_multipliers(self._after_numeral(position))
        end = self._after_group(position)
        if self._is_price_in_hundreds(position, end):
            return self._after_group(end)
        while self._kind(end) in (Kind.THOUSAND, Kind.HUNDRED):
            end += 1
            following = end + (self._value(end) in self._words.number_links)
            if self._is_number(following) and self._is_linked(end - 1, following):
                end = self._after_group(following)
        # Prices and years come in pairs: fourteen ninety-nine.
        if end - position <= 3 and self._kind(position) in (Kind.TEEN, Kind.TENS) and self._is_linked(end - 1, end):
            if self._kind(end) in (Kind.TEEN, Kind.TENS):
                return self._after_group(end)
            if self._value(end) == "0" and self._kind(end + 1) is Kind.DIGIT:
                return end + 2
        return end

    def _is_price_in_hundreds(self, position: int, end: int) -> bool:
        """Whether a digit and tens or teens are one number: `one eighty-nine a night`, `two fifteen`."""
        return (
            end == position + 1
            and self._kind(position) is Kind.DIGIT
            and self._value(position) != "0"
            and not self._is_number(position - 1)
            and self._kind(end) in (Kind.TENS, Kind.TEEN)
            and self._is_linked(position, end)
        )

    def _after_group(self, position: int) -> int:
        """`forty-one`, `seven`, `nineteen`."""
        unit = position + 1 + (self._value(position + 1) == "-")
        is_unit = self._kind(unit) is Kind.DIGIT and self._value(unit) != "0"
        if self._kind(position) is Kind.TENS and is_unit and self._is_linked(position, unit):
            return unit + 1
        return position + 1

    def _after_numeral(self, position: int) -> int:
        """`1,250`, `149.99`."""
        end = position + 1
        if len(self._value(position)) <= 3:
            while self._is_part(end, ",") and len(self._value(end + 1)) == 3:
                end += 2
        further = self._value(end + 2) in (".", "-") and self._is_glued(end + 2) and self._is_number(end + 3)
        return end + 2 if self._is_part(end, ".") and not further else end

    def _is_part(self, position: int, sign: str) -> bool:
        """Whether a sign and digits go on a numeral without a space."""
        return (
            self._value(position) == sign
            and self._is_glued(position)
            and self._kind(position + 1) is Kind.DIGITS
            and self._is_glued(position + 1)
        )

    def _after_multipliers(self, position: int) -> int:
        while self._kind(position) in (Kind.THOUSAND, Kind.HUNDRED):
            position += 1
        return position + (self._value(position) in _GLUED_MULTIPLIERS - {"K"} and self._is_glued(position))

    def _after_cents(self, position: int) -> int:
        """`dollars and sixteen cents`."""
        number = position
        while self._value(number) in (",", *self._words.number_links):
            number += 1
        number += self._value(number) in _CURRENCY and self._is_number(number + 1)
        if not self._is_number(number):
            return position
        end = number + 1 if self._kind(number) is Kind.DIGITS else self._after_group(number)
        if self._value(end) in self._words.cents:
            return end + 1
        # "Pounds ninety-nine" are pence, "pounds, twenty boxes" are not.
        hundredths = (
            self._reads_as_hundredths(number)
            and self._is_together(position - 1, number)
            and (self._ends_clause(end) or number == position)
            and self._value(end) not in self._units
            and not self._is_number(end)
        )
        return end if hundredths else position

    def _reads_as_hundredths(self, position: int) -> bool:
        """`ninety-nine`, `fifteen`, `50`."""
        kind = self._kind(position)
        return kind in (Kind.TENS, Kind.TEEN) or (kind is Kind.DIGITS and len(self._value(position)) == 2)

    def _digits(self, first: int, end: int) -> int:
        return sum(len(atom.value) for atom in self._atoms[first:end] if atom.kind in NUMBERS)

    def _ends_clause(self, position: int) -> bool:
        if not self._is_together(position - 1, position):
            return True
        return self._value(position) in (".", ",", "?", "!") or self._value(position) in self._words.clause_starts

    def _is_linked(self, first: int, second: int) -> bool:
        """Whether only spaces, hyphens and "and" stand between two atoms of one utterance."""
        if not self._is_together(first, second):
            return False
        between = self._text[self._atoms[first].end : self._atoms[second].start].lower()
        return re.sub(r"[ \-]", "", between) in ("", *self._words.number_links)


_HOURS = frozenset(str(hour) for hour in range(1, 13))
