"""Grammar of dates with the name of a month: `March 9th, 1974`, `the twenty-second of November seventy-four`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hushbeam.transforms.detect_pii.text.atoms import NUMBERS, Kind
from hushbeam.transforms.detect_pii.text.conversation import AtomReader, Conversation

_ORDINAL_ENDINGS = frozenset({"st", "nd", "rd", "th"})
# Months that are also ordinary words or names, unless a day or a year is next to them.
_AMBIGUOUS_MONTHS = frozenset({"may", "march", "mar", "august", "april", "june", "sept", "mars", "jan"})


_LAST_DAY = 31
_LAST_MONTH = 12
_YEARS = range(1850, 2101)


class SpokenDate(NamedTuple):
    """A date or a part of one.

    Attributes:
      first, last: Atoms, inclusive.
      year, month, day: 0 if not said.
    """

    first: int
    last: int
    year: int
    month: int
    day: int

    @property
    def value(self) -> str:
        """`1974-03-09`, with zeros for missing parts."""
        return f"{self.year:04}-{self.month:02}-{self.day:02}"

    @property
    def is_whole_day(self) -> bool:
        return bool(self.month and self.day)


def find_dates(conversation: Conversation) -> list[SpokenDate]:
    """All dates in the order of the text. They do not overlap. Dates in digits alone are numbers, not found here."""
    return list(_DateGrammar(conversation).scan())


class _DateGrammar(AtomReader):
    def scan(self) -> Iterator[SpokenDate]:
        months = self._language.months
        last = -1
        for position, atom in enumerate(self._atoms):
            if atom.kind is not Kind.WORD or position <= last:
                continue
            if atom.value in months:
                date = self._around(position, last)
            elif atom.value in self._language.weekdays:
                date = SpokenDate(position, position, 0, 0, 0)
            elif atom.value in self._language.ordinals:
                date = self._by_ordinals(position, last)
            else:
                date = self._year_after(position)
            if date is not None and self._is_together(date.first, date.last):
                last = date.last
                yield date

    def _around(self, position: int, floor: int) -> SpokenDate | None:
        month = self._language.months[self._atoms[position].value]
        first, day = self._day_before(position, floor)
        last = position
        if not day:
            day, last = self._day_after(position)
        # "July of 29" is a year, "July 29" is a day.
        linked = self._value(last + 1) in self._language.date_links
        year, end = self._year_at(self._after_comma(last), two_digits=bool(day) or linked)
        if year:
            last = end
        if not day and not year and self._atoms[position].value in _AMBIGUOUS_MONTHS:
            return None
        return SpokenDate(first, last, year, month, day)

    def _by_ordinals(self, position: int, floor: int) -> SpokenDate | None:
        """`the eleventh of the second, fifty-seven`: `position` is the month's ordinal."""
        month = int(self._language.ordinals[self._atoms[position].value])
        article = position - 1
        if month > _LAST_MONTH or self._value(article) not in self._language.articles:
            return None
        if self._value(article - 1) not in self._language.date_links:
            return None
        first, day = self._day_before(article, floor)
        year, end = self._year_at(self._after_comma(position), two_digits=True)
        if not day or not year or (self._is_number(end + 1) and self._is_together(end, end + 1)):
            return None
        return SpokenDate(first, end, year, month, day)

    def _day_before(self, position: int, floor: int) -> tuple[int, int]:
        """`the 22nd of`, `22`, `the twenty-second day of`: the first atom and the day, 0 if there is none."""
        end = position - 1
        while end > floor and self._is_together(end, end + 1) and self._is_link(end):
            end -= 1
        if end <= floor or not self._is_together(end, end + 1):
            return position, 0
        first, day = self._day_ending_at(end, floor)
        if not day or self._ends_a_number(first, floor):
            return position, 0
        if first - 1 > floor and self._atoms[first - 1].value in self._language.articles:
            first -= 1
        return first, day

    def _ends_a_number(self, first: int, floor: int) -> bool:
        """Whether a day ends a longer number: in `4, 0, 3, February 27`, the 3 is not a day."""
        before = first - 1 - (self._value(first - 1) in (",", "-"))
        return before > floor and self._is_number(before) and self._is_together(before, first)

    def _day_ending_at(self, end: int, floor: int) -> tuple[int, int]:
        first = end
        if self._atoms[end].value in _ORDINAL_ENDINGS and end - 1 > floor:
            first = end - 1
        ordinal = self._language.ordinals.get(self._atoms[end].value)
        if ordinal is not None:
            tens = end - 1 - (self._atoms[end - 1].value == "-")
            if tens > floor and self._atoms[tens].kind is Kind.TENS and len(ordinal) == 1:
                return tens, int(self._atoms[tens].value) + int(ordinal)
            return end, int(ordinal) if int(ordinal) <= _LAST_DAY else 0
        if self._atoms[first].kind in NUMBERS:
            value = int(self._atoms[first].value)
            tens = first - 1 - (self._atoms[first - 1].value == "-")
            if tens > floor and self._atoms[tens].kind is Kind.TENS and self._atoms[first].kind is Kind.DIGIT:
                return tens, int(self._atoms[tens].value) + value
            return first, value if 1 <= value <= _LAST_DAY and len(self._atoms[first].value) <= 2 else 0
        return end, 0

    def _day_after(self, position: int) -> tuple[int, int]:
        """`9th`, `the ninth`, `twenty-third`: the day, 0 if there is none, and its last atom."""
        start = position + 1
        while self._value(start) in (*self._language.articles, "."):
            start += 1
        if not self._is_together(start - 1, start):
            return 0, position
        ordinal = self._language.ordinals.get(self._value(start))
        day, last = (int(ordinal), start) if ordinal is not None else self._cardinal_day(start)
        if not 1 <= day <= _LAST_DAY:
            return 0, position
        return day, last + (self._value(last + 1) in _ORDINAL_ENDINGS and self._is_glued(last + 1))

    def _cardinal_day(self, start: int) -> tuple[int, int]:
        """A day in numerals or words, which is not the start of a year."""
        value = self._value(start)
        further = self._kind(start + 1)
        if not self._is_number(start) or len(value) > 2 or further in (Kind.THOUSAND, Kind.HUNDRED):
            return 0, start
        if self._kind(start) is Kind.TENS:
            return self._day_in_tens(start)
        # "December nineteen eighty-four" is a year.
        year, last = self._year_at(start, two_digits=False)
        if self._kind(start) is Kind.TEEN and year and not self._is_number(last + 1):
            return 0, start
        return int(value), start

    def _day_in_tens(self, start: int) -> tuple[int, int]:
        """`twenty one`, `thirty first`; "twenty twenty-eight" is a year."""
        tens, unit = int(self._value(start)), start + 1 + (self._value(start + 1) == "-")
        ordinal = self._language.ordinals.get(self._value(unit))
        if ordinal is not None and len(ordinal) == 1:
            return tens + int(ordinal), unit
        if self._kind(unit) is Kind.TENS:
            return 0, start
        if self._kind(unit) is Kind.DIGIT and 0 < int(self._value(unit)) <= _LAST_DAY - tens:
            return tens + int(self._value(unit)), unit
        return tens, start

    def _year_at(self, position: int, two_digits: bool) -> tuple[int, int]:
        """A year that starts at an atom: its value, 0 if there is none, and its last atom.

        Two digits are a year after a day, and where they are more than a month has days.
        """
        if not self._is_together(position - 1, position):
            return 0, position
        if self._kind(position) is Kind.DIGITS:
            return self._year_in_digits(position, two_digits)
        if self._kind(position) in (Kind.TEEN, Kind.TENS):
            return self._year_in_words(position, two_digits)
        if self._value(position) == "2" and self._kind(position + 1) is Kind.THOUSAND:
            end, rest = position + 1, 0
            following = end + 1 + (self._value(end + 1) in self._language.quantities.number_links)
            is_number = self._kind(following) in (Kind.DIGIT, Kind.TEEN, Kind.TENS)
            if is_number and self._is_together(following - 1, following):
                rest, end = self._two_digits(following)
            return 2000 + rest, end
        return 0, position

    def _year_in_digits(self, position: int, two_digits: bool) -> tuple[int, int]:
        """`1974`, `74`, and `20, 28` as recognisers write twenty twenty-eight."""
        value = self._value(position)
        if len(value) == 4 and int(value) in _YEARS:
            return int(value), position
        if len(value) != 2:
            return 0, position
        following = self._after_comma(position)
        if int(value) in (19, 20) and self._kind(following) is Kind.DIGITS and len(self._value(following)) == 2:
            return int(value + self._value(following)), following
        return (1900 + int(value), position) if two_digits or int(value) > _LAST_DAY else (0, position)

    def _year_in_words(self, position: int, two_digits: bool) -> tuple[int, int]:
        century = int(self._value(position))
        following = position + 1 + (self._value(position + 1) in ("-", ","))
        if century in (18, 19, 20):
            if self._kind(following) in (Kind.TEEN, Kind.TENS):
                rest, end = self._two_digits(following)
                return century * 100 + rest, end
            if self._value(following) == "0" and self._kind(following + 1) is Kind.DIGIT:
                return century * 100 + int(self._value(following + 1)), following + 1
            if self._kind(following) is Kind.HUNDRED:
                return century * 100, following
        if self._kind(position) is Kind.TENS:
            rest, end = self._two_digits(position)
            if two_digits or rest > _LAST_DAY:
                return 1900 + rest, end
        return 0, position

    def _two_digits(self, position: int) -> tuple[int, int]:
        value, unit = int(self._value(position)), position + 1 + (self._value(position + 1) == "-")
        if self._kind(position) is Kind.TENS and self._kind(unit) is Kind.DIGIT and self._value(unit) != "0":
            return value + int(self._value(unit)), unit
        return value, position

    def _year_after(self, position: int) -> SpokenDate | None:
        """`since 2019`, `in nineteen eighty-four`: a year by the word before it."""
        if self._atoms[position].value not in self._language.year_prepositions:
            return None
        year, last = self._year_at(position + 1, two_digits=False)
        following = last + 1 + (self._value(last + 1) in ("-", ","))
        if not year or self._kind(following) in NUMBERS or self._kind(following) is Kind.LETTER:
            return None
        return SpokenDate(position + 1, last, year, 0, 0)

    def _after_comma(self, position: int) -> int:
        position += 1
        while position < len(self._atoms) and (self._value(position) in (".", "-") or self._is_link(position)):
            position += 1
        return position

    def _is_link(self, position: int) -> bool:
        """Whether an atom stands between the parts of a date: `of`, a comma, a hesitation."""
        value = self._value(position)
        return value == "," or value in self._language.date_links or value in self._language.interruptions
