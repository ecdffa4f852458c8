"""Recogniser of the numbers of an address: house, flat, post box and postal code.

Models find names of streets and towns, but not numbers that are said in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from hushbeam.transforms.detect_pii.recogniser import Candidate, GrammarRecogniser
from hushbeam.transforms.detect_pii.text.atoms import NUMBERS, Kind
from hushbeam.transforms.detect_pii.text.conversation import AtomReader, Conversation
from hushbeam.transforms.detect_pii.text.spelling import letters_at

_LONGEST_HOUSE_NUMBER = 7
_LONGEST_STREET_NAME = 4
_LONGEST_POST_CODE = 8
_TURNS_OF_ADDRESS = 3
_WITHIN_STREET_NAMES = frozenset({"of", "the", "on", "upon", "-", ","})
_UK_POST_CODE = re.compile(r"[A-Z]{1,2}\d[A-Z\d]?\d[A-Z]{2}")
_CANADIAN_POST_CODE = re.compile(r"[A-Z]\d[A-Z]\d[A-Z]\d")


class StreetNumbers(GrammarRecogniser):
    """Finds house numbers with their streets, units, post boxes and postal codes."""

    name = "street_numbers"
    policies = frozenset({"location_address_street", "location_zip"})

    def recognise(self, conversation: Conversation) -> Iterable[Candidate]:
        if not conversation.language.street_suffixes:
            return
        grammar = _AddressGrammar(conversation)
        yield from grammar.streets()
        yield from grammar.streets_without_suffix()
        yield from grammar.units_alone()
        yield from grammar.boxes()
        yield from grammar.postal_codes()


class _AddressGrammar(AtomReader):
    def __init__(self, conversation: Conversation) -> None:
        super().__init__(conversation)
        self._units = frozenset().union(*conversation.language.quantities.units.values())

    def streets(self) -> Iterator[Candidate]:
        """`twelve forty Maple Grove Avenue, apartment three B`, `Euclid Avenue`."""
        for position, atom in enumerate(self._atoms):
            if atom.value not in self._language.street_suffixes or atom.kind is not Kind.WORD:
                continue
            if self._value(position + 1) in self._language.street_suffixes and self._is_together(
                position, position + 1
            ):
                continue
            first = self._street_name(position)
            if first is None:
                continue
            number = self._house_number(first)
            named = self._is_capital(first) and self._is_capital(position)
            if number is None and (not named or atom.value in self._language.ordinary_suffixes):
                continue
            if not named and atom.value in self._language.ordinary_suffixes and not self._is_asked_for(first):
                continue
            if number is not None and self._value(first) in self._units:
                continue
            last = self._after_direction(position)
            start = first if number is None else self._unit_before(number)
            yield from self._candidate(start, last, 0.9 if number is not None else 0.7)
            yield from self._unit(last + 1)

    def streets_without_suffix(self) -> Iterator[Candidate]:
        """`twenty-nine Upper Bear Creek`, `sixteen A, The Green`, where an address is being talked about."""
        position = 0
        while position < len(self._atoms):
            end = self._after_number(position) if self._is_number(position) else position
            if end == position:
                position += 1
                continue
            name = end
            if self._kind(name) is Kind.LETTER and self._is_together(end - 1, name):
                name += 1
            if self._value(name) == ",":
                name += 1
            last = self._end_of_proper_name(name) if self._is_together(position, name) else None
            if last is not None and self._is_place_talk(position):
                yield from self._candidate(position, last, 0.6)
                position = last
            position = max(position, end)

    def units_alone(self) -> Iterator[Candidate]:
        """`Apartment nine C, is that on the second floor?` soon after an address."""
        for position, atom in enumerate(self._atoms):
            if atom.value in self._language.dwelling_words and self._is_place_talk(position):
                yield from self._unit_at(position)

    def _end_of_proper_name(self, first: int) -> int | None:
        """The last atom of words with capitals, `of` and `the` between them; None without one."""
        last: int | None = None
        for position in range(first, min(first + 2 * _LONGEST_STREET_NAME, len(self._atoms))):
            atom = self._atoms[position]
            if not self._is_together(first, position):
                break
            named = atom.kind is Kind.WORD and self._is_capital(position)
            if atom.value in self._language.sentence_words:
                break
            if named and atom.value not in self._units and atom.value not in self._language.months:
                last = position
            elif atom.value not in _WITHIN_STREET_NAMES or position == first:
                break
        return last

    def _is_place_talk(self, position: int) -> bool:
        """Whether an address is asked for or told just before: in the turn itself or the two before."""
        turn = self._turns[position]
        before = position - 1
        while before >= 0 and turn - self._turns[before] <= _TURNS_OF_ADDRESS:
            if self._atoms[before].value in self._language.address_cues | self._language.address_prompts:
                return True
            before -= 1
        return False

    def boxes(self) -> Iterator[Candidate]:
        """`P.O. box eleven eighty`."""
        for position, atom in enumerate(self._atoms):
            if (
                atom.value != "box"
                or not self._is_number(position + 1)
                or not self._is_together(position, position + 1)
            ):
                continue
            first = position
            while (
                first > 0
                and self._value(first - 1) in ("P", "O", "po", ".", "post", "office")
                and self._is_together(first - 1, first)
            ):
                first -= 1
            if first < position:
                yield from self._candidate(first, self._after_number(position + 1) - 1, 0.9)

    def postal_codes(self) -> Iterator[Candidate]:
        yield from self._codes_of_letters_and_digits()
        for position, atom in enumerate(self._atoms):
            after_region = atom.kind is Kind.WORD and atom.value in self._language.regions
            if not after_region or (len(atom.value) == 2 and not self._text[atom.start : atom.end].isupper()):
                continue
            start = position + 1
            while self._value(start) in (",", ".", "zip", "code") and self._is_together(position, start):
                start += 1
            if self._is_number(start) and self._is_together(position, start):
                end, digits = self._digits(start)
                if 4 <= digits <= 9:
                    yield from self._candidate(start, end - 1, 0.85, "location_zip")

    def _codes_of_letters_and_digits(self) -> Iterator[Candidate]:
        """`LS6 3HN`, `L S six, three H N`, `K1A 0B1`."""
        position = 0
        while position < len(self._atoms):
            end = self._after_code(position)
            if end is None:
                position += 1
            else:
                yield from self._candidate(position, end - 1, 0.9, "location_zip")
                position = end

    def _after_code(self, position: int) -> int | None:
        value = ""
        end = position
        found: int | None = None
        while end < len(self._atoms) and end - position < 2 * _LONGEST_POST_CODE:
            atom = self._atoms[end]
            if end > position and "\n" in self._text[self._atoms[end - 1].end : atom.start]:
                break
            if atom.kind in (Kind.DIGIT, Kind.DIGITS, Kind.TEEN, Kind.TENS):
                value += atom.value
            elif (letters := letters_at(self._conversation, end)) is not None and not letters.explained:
                value += letters.value
            elif atom.value in ("-", ",") and value:
                end += 1
                continue
            elif (
                atom.kind is Kind.WORD
                and len(atom.value) == 2
                and value
                and value[-1].isdigit()
                and self._is_glued(end)
            ):
                value += atom.value.upper()
            else:
                break
            end += 1
            if len(value) > _LONGEST_POST_CODE:
                break
            if len(value) >= 5 and (_UK_POST_CODE.fullmatch(value) or _CANADIAN_POST_CODE.fullmatch(value)):
                found = end
        if found is None or not self._code_stands_alone(position, found):
            return None
        return found

    def _code_stands_alone(self, position: int, end: int) -> bool:
        """Whether no further letters or digits make it a longer identifier."""
        following = end + (self._value(end) in ("-",))
        if following < len(self._atoms) and self._is_together(end - 1, following):
            atom = self._atoms[following]
            if atom.kind in NUMBERS or (atom.kind is Kind.LETTER and atom.value not in ("A", "I")):
                return False
        before = position - 1
        if before >= 0 and self._is_together(before, position):
            return self._atoms[before].kind not in NUMBERS and self._value(before) != "-"
        return True

    def _street_name(self, suffix: int) -> int | None:
        """The first atom of the name before a suffix: `Maple Grove`; None where there is none."""
        first = suffix
        while suffix - first < _LONGEST_STREET_NAME:
            before = first - 1
            if before < 0 or not self._is_together(before, first):
                break
            atom = self._atoms[before]
            if atom.value in (".",) and self._value(before - 1) in ("st", "N", "S", "E", "W", "mt", "dr"):
                first = before
                continue
            if atom.value in self._language.ordinals or (
                atom.value in ("st", "nd", "rd", "th") and self._is_number(before - 1)
            ):
                first = before - (atom.value not in self._language.ordinals)
                break
            if atom.kind not in (Kind.WORD, Kind.LETTER) or atom.value in self._language.not_street_names:
                break
            if not self._is_capital(before) and self._is_capital(suffix) and first < suffix:
                break
            first = before
        return None if first == suffix else first

    def _house_number(self, first: int) -> int | None:
        """The first atom of the number before a street's name."""
        start = first
        while first - start < _LONGEST_HOUSE_NUMBER and start > 0 and self._is_together(start - 1, start):
            atom = self._atoms[start - 1]
            part = (
                atom.kind in NUMBERS
                or atom.kind in (Kind.HUNDRED, Kind.REPEAT)
                or (
                    atom.value in ("-", "and", ",", ".")
                    and start - 1 > 0
                    and self._is_numeric(start - 2)
                    and start < first
                )
            )
            if not part and start == first and atom.value == "," and self._is_numeric(start - 2):
                part = True
            if not part and start == first and atom.kind is Kind.LETTER and self._is_numeric(start - 2):
                part = True  # 12 B Baker Street
            if not part:
                break
            start -= 1
        return start if start < first else None

    def _unit_before(self, number: int) -> int:
        """`Flat 4, 18 Queen's Road`: the flat before the house."""
        for position in range(max(0, number - 3), number):
            if self._value(position) in self._language.unit_words and self._is_together(position, number):
                return position
        return number

    def _is_asked_for(self, first: int) -> bool:
        """Whether an address is being talked about just before."""
        return any(atom.value in self._language.address_cues for atom in self._atoms[max(0, first - 25) : first])

    def _unit(self, position: int) -> Iterator[Candidate]:
        """`, apartment three B`, `unit 2204`."""
        while self._value(position) in (",", "."):
            position += 1
        if self._value(position) in self._language.unit_words and self._is_together(position - 1, position):
            yield from self._unit_at(position)

    def _unit_at(self, position: int) -> Iterator[Candidate]:
        number = position + 1
        while self._value(number) in ("number", "#", "."):
            number += 1
        if number >= len(self._atoms) or not self._is_together(position, number):
            return
        last = number
        if self._is_number(number):
            last = self._after_number(number) - 1
            if self._kind(last + 1) is Kind.LETTER and self._is_together(last, last + 1):
                last += 1
        elif self._kind(number) is Kind.LETTER:
            if self._is_number(number + 1):
                last = self._after_number(number + 1) - 1
        else:
            return
        yield from self._candidate(position, last, 0.85)

    def _after_direction(self, position: int) -> int:
        """`Birch Lane North`, `Main Street southwest`."""
        following = position + 1
        if (
            self._value(following) == "."
            and self._is_glued(following)
            and self._value(position) in ("st", "ave", "rd", "dr")
        ):
            following += 1
        if self._value(following) in self._language.directions and self._is_together(position, following):
            return following
        return position

    def _after_number(self, position: int) -> int:
        end = position
        while end < len(self._atoms) and end - position < _LONGEST_HOUSE_NUMBER:
            atom = self._atoms[end]
            numeric = atom.kind in NUMBERS or atom.kind in (Kind.HUNDRED, Kind.REPEAT)
            linked = atom.value == "-" and self._is_numeric(end + 1)
            if not (numeric or linked) or (end > position and not self._is_together(end - 1, end)):
                break
            end += 1
        return end

    def _digits(self, position: int) -> tuple[int, int]:
        end, digits = position, 0
        while end < len(self._atoms) and (end == position or self._is_together(end - 1, end)):
            atom = self._atoms[end]
            if atom.kind in NUMBERS:
                digits += len(atom.value)
            elif not (atom.value in ("-", ",") and self._is_number(end + 1)):
                break
            end += 1
        return end, digits

    def _candidate(
        self, first: int, last: int, score: float, policy: str = "location_address_street"
    ) -> Iterator[Candidate]:
        start, end = self._atoms[first].start, self._atoms[last].end
        value = " ".join(atom.value.lower() for atom in self._atoms[first : last + 1] if atom.kind is not Kind.SYMBOL)
        for span in self._conversation.spans_by_utterance(*self._conversation.words_of(start, end)):
            yield Candidate(policy, *span, score, StreetNumbers.name, value, ("location_address", "any_number"))

    def _is_numeric(self, position: int) -> bool:
        return self._is_number(position) or self._kind(position) is Kind.HUNDRED
