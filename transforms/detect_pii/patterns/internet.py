"""Recogniser of spoken e-mail addresses, web addresses, file names and IP addresses.

Speech recognisers write only the end of a spoken e-mail address reliably: `j.coalski-82a-gmail.com`, `Maria underscore
low up is at Outlook.com`. So an address is found by its domain, and extends back to the start of its clause.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from hushbeam.transforms.detect_pii.languages.language import vocabulary
from hushbeam.transforms.detect_pii.recogniser import Candidate, Recogniser
from hushbeam.transforms.detect_pii.text.atoms import NUMBERS, Atom, Kind
from hushbeam.transforms.detect_pii.text.conversation import AtomReader, Conversation

_TOP_LEVEL = vocabulary("""
    com net org edu gov mil int info biz name io ai app dev me tv co us uk ca au nz ie in de fr es it nl be ch at dk
    se no fi pl pt cz gr ru jp cn kr br mx ar za ae eu online shop store site tech cloud xyz blog health bank law
    """)
# These are English words too: only after a written dot, or after a second-level part.
_TOP_LEVEL_WORDS = vocabulary("in it is at me us no be so to as do id am int name info law bank health store")
PROVIDERS = (
    "gmail", "googlemail", "hotmail", "outlook", "yahoo", "icloud", "protonmail", "proton", "comcast", "verizon",
    "bellsouth", "btinternet", "fastmail", "ymail", "rocketmail", "aol", "gmx", "web.de", "mail",
)  # fmt: skip
_MAIL_NAMES = ("gmail", "googlemail", "hotmail", "icloud", "protonmail", "yahoo", "outlook", "aol")
BARE_PROVIDERS = frozenset({*_MAIL_NAMES, *(f"{name}com" for name in _MAIL_NAMES)})
_FILE_ENDINGS = vocabulary("pdf doc docx xls xlsx csv txt jpg jpeg png gif zip mp3 mp4 wav ppt pptx exe json xml html")
_PAGE_STARTS = frozenset({"W", "www", "https", "http", "/", ":", "slash", "colon"})
_LONGEST_ADDRESS = 40
_LONGEST_TOP_LEVEL = 3
_ATOMS_AROUND_AT = 2
_LEAST_BEFORE_DOT = 4


class _Domain(NamedTuple):
    """A domain such as `acme-tools.co.uk`: its first and last atom, and whether it is a known provider of mailboxes."""

    first: int
    last: int
    mail: bool


class InternetAddresses(Recogniser):
    """Finds addresses by their domains, and IP addresses by their dots."""

    name = "internet_addresses"
    policies = frozenset({"email_address", "url", "filename", "ip_address", "username"})

    def recognise(self, conversation: Conversation) -> Iterable[Candidate]:
        grammar = _AddressGrammar(conversation)
        yield from grammar.addresses()
        yield from grammar.answers()
        yield from grammar.filenames()
        yield from grammar.handles()
        yield from grammar.ip_addresses()


class _AddressGrammar(AtomReader):
    def __init__(self, conversation: Conversation) -> None:
        super().__init__(conversation)
        self._mail_words = self._language.mail_words
        self._covered_to = -1

    def addresses(self) -> Iterator[Candidate]:
        for position, atom in enumerate(self._atoms):
            if position <= self._covered_to:
                continue
            may_end = atom.value in _TOP_LEVEL or atom.value == "co" or atom.kind is Kind.LETTER
            domain = self._domain_at(position) if may_end else None
            if domain is None and atom.value in BARE_PROVIDERS:
                domain = self._bare_provider(position)
            if domain is None and atom.value == "@":
                domain = self._written(position)
            if domain is None:
                continue
            floor = self._covered_to
            self._covered_to = domain.last
            start = self._mailbox(domain, floor)
            if start is not None:
                yield from self._candidates("email_address", start, domain.last, 0.95)
            else:
                first, last = self._page(domain, floor)
                self._covered_to = last
                yield from self._candidates("url", first, last, 0.9)

    def answers(self) -> Iterator[Candidate]:
        """What follows a question for an e-mail address and says `dot` or `underscore`, its domain lost."""
        utterances = self._conversation.utterances
        starts = self._turn_starts()
        for turn in range(1, len(utterances)):
            first, end = starts[turn], starts[turn + 1]
            if utterances[turn].channel == utterances[turn - 1].channel or not 2 <= end - first <= _LONGEST_ADDRESS:
                continue
            question = self._atoms[starts[turn - 1] : first]
            if not any(atom.value in self._mail_words for atom in question[-10:]):
                continue
            while first < end and self._atoms[first].value in (
                *self._language.fillers,
                *self._language.answer_leads,
                ",",
                ".",
            ):
                first += 1
            answer = self._atoms[first:end]
            signs = [atom for atom in answer if self._sign_of(atom) in ("@", "_", "-")]
            dots = [
                number
                for number, atom in enumerate(answer)
                if (atom.kind is Kind.WORD and self._sign_of(atom) == ".")
                or (atom.value == "." and number + 1 < len(answer) and atom.end == answer[number + 1].start)
            ]
            if signs or dots:
                yield from self._candidates("email_address", first, end - 1, 0.7)

    def filenames(self) -> Iterator[Candidate]:
        for position, atom in enumerate(self._atoms):
            if atom.value not in _FILE_ENDINGS or position < 2 or not self._is_dot(position - 1):
                continue
            first = position - 2
            while first >= 2 and self._joins_label(first - 1) and self._is_together(first - 2, first):
                first -= 2
            yield from self._candidates("filename", first, position, 0.85)

    def handles(self) -> Iterator[Candidate]:
        """`maria underscore 60`, `kfoster88`, `total.59`: forms that only user names have."""
        position = 0
        while position < len(self._atoms):
            last = self._end_of_handle(position)
            if last is None:
                position += 1
            else:
                yield from self._candidates("username", position, last, 0.6)
                position = last + 1

    def _end_of_handle(self, position: int) -> int | None:
        if self._kind(position) is Kind.WORD and not self._sign(position):
            number = position + 1
            glued = self._kind(number) is Kind.DIGITS and self._is_glued(number)
            if glued and len(self._value(position)) >= 4 and len(self._value(number)) >= 2:
                return number if self._text[self._atoms[position].start : self._atoms[number].end].islower() else None
        elif self._kind(position) is not Kind.LETTER:
            return None
        last = position
        dotted = self._value(position + 1) == "." and self._is_glued(position + 1) and self._is_glued(position + 2)
        if dotted and self._is_number(position + 2) and len(self._value(position)) >= _LEAST_BEFORE_DOT:
            last += 2
        while self._sign(last + 1) == "_" and self._is_together(last, last + 2) and self._sign(last + 2) != "_":
            last += 2
            while self._is_together(last, last + 1) and (
                self._is_number(last + 1) or self._kind(last + 1) is Kind.LETTER
            ):
                last += 1
        return last if last > position else None

    def ip_addresses(self) -> Iterator[Candidate]:
        position = 0
        while position < len(self._atoms):
            end = self._after_ip(position)
            if end is None:
                position += 1
            else:
                yield from self._candidates("ip_address", position, end - 1, 0.95)
                position = end

    def _after_ip(self, position: int) -> int | None:
        """Four numbers with three dots, in numerals or words."""
        end = position
        for part in range(4):
            if part:
                if not (end < len(self._atoms) and self._is_dot(end)):
                    return None
                end += 1
            start = end
            while (
                end < len(self._atoms)
                and (self._atoms[end].kind in NUMBERS or self._atoms[end].kind in (Kind.HUNDRED, Kind.REPEAT))
                and end - start < 4
                and not (end > position and not self._is_together(end - 1, end))
            ):
                end += 1
            if end == start:
                return None
        return end

    def _domain_at(self, position: int) -> _Domain | None:
        """The domain whose top level is said at an atom."""
        last = self._top_level_end(position)
        if last is None:
            return None
        while self._is_dot(last + 1) and self._is_together(last, last + 2):
            written_apart = self._value(last + 1) == "." and not self._is_glued(last + 2)
            is_top_level = self._value(last + 2) in _TOP_LEVEL or self._kind(last + 2) is Kind.LETTER
            further = self._top_level_end(last + 2) if is_top_level and not written_apart else None
            if further is None:
                break
            last = further
        first = self._label_start(position - 2)
        if first is None:
            return None
        while first >= 2 and self._joins_label(first - 1) and self._is_together(first - 2, first):
            earlier = self._label_start(first - 2)
            if earlier is None:
                break
            first = earlier
        written = self._text[self._atoms[first].start : self._atoms[position - 1].start].lower()
        return _Domain(first, last, re.sub(r"[-\s]", "", written).endswith(PROVIDERS))

    def _top_level_end(self, position: int) -> int | None:
        """The last atom of a top level (`com`, `U K`) that is said at an atom after a dot."""
        value, dot = self._value(position), self._value(position - 1)
        if position < 2 or not self._is_dot(position - 1):
            return None
        if value in _TOP_LEVEL_WORDS and dot != ".":
            return None
        if dot == "." and not self._is_glued(position):
            return None
        if self._kind(position) is not Kind.LETTER:
            return position
        return self._spelled_top_level_end(position)

    def _spelled_top_level_end(self, position: int) -> int | None:
        """The last letter of a top level that is spelled: `dot I O`, `dot U K`."""
        spelled, end, found = "", position, None
        while self._kind(end) is Kind.LETTER and len(spelled) < _LONGEST_TOP_LEVEL:
            spelled += self._value(end).lower()
            if spelled in _TOP_LEVEL:
                found = end
            end += 1 + (self._value(end + 1) in (".", "-", ","))
        return found

    def _label_start(self, position: int) -> int | None:
        """The first atom of the part of a domain that ends at an atom: `acme`, `X Y Z`."""
        atom = self._atoms[position]
        if (
            atom.kind is Kind.SYMBOL
            or atom.value in self._language.articles
            or self._sign(position)
            or atom.value == "A"
        ):
            return None
        while (
            position > 0
            and self._atoms[position].kind is Kind.LETTER
            and self._atoms[position - 1].kind is Kind.LETTER
            and self._is_together(position - 1, position)
        ):
            position -= 1
        return position

    def _bare_provider(self, position: int) -> _Domain | None:
        """`at gmail`, whose `dot com` was not said or is lost."""
        if self._is_dot(position + 1) and self._value(position + 2) in _TOP_LEVEL:
            return None
        if self._sign(position - 1) != "@" and self._value(position - 1) != "A":
            return None
        if not self._spells_an_address(position - 1):
            return None
        return _Domain(position, position, True)

    def _written(self, position: int) -> _Domain | None:
        """`jane@acme`, in writing."""
        if position + 1 >= len(self._atoms) or not self._is_together(position, position + 1):
            return None
        last = position + 1
        while self._value(last + 1) in (".", "-", "_") and self._is_glued(last + 1) and self._is_glued(last + 2):
            last += 2
        return _Domain(position + 1, last, True)

    def _spells_an_address(self, position: int) -> bool:
        """Whether letters, digits or `underscore` stand before an `at`, or an address was asked for."""
        before = [atom for atom in self._atoms[max(0, position - 8) : position]]
        return any(
            atom.kind is Kind.LETTER
            or atom.is_number
            or atom.value in self._mail_words
            or self._sign_of(atom) in ("_", "-")
            for atom in before
        ) or self._asked_for(position)

    def _mailbox(self, domain: _Domain, floor: int) -> int | None:
        """The start of the e-mail address of a domain; None if it is the address of a page."""
        before = domain.first - 1
        skipped = (*self._language.interruptions, ",", "sign")
        while before > floor and self._value(before) in skipped and self._is_together(before, domain.first):
            before -= 1
        said_at = (
            self._sign(before) == "@" or self._value(before) in self._language.at_homophones
        ) and self._is_together(before, domain.first)
        if said_at and self._value(before - 1) in self._language.page_words and not domain.mail:
            return None
        mail = domain.mail or said_at
        if not mail:
            mail = self._asked_for(domain.first) and self._value(before) not in self._language.page_words
        if not mail:
            return None
        return self._clause_start(domain.first, floor)

    def _asked_for(self, position: int) -> bool:
        """Whether an e-mail address was named in the utterance of an atom or in the one before."""
        turn = self._turns[position]
        number = position - 1
        while number >= 0 and self._turns[number] >= turn - 1 and position - number < 30:
            if self._atoms[number].value in self._mail_words:
                return True
            number -= 1
        return False

    def _clause_start(self, position: int, floor: int) -> int:
        start = position
        words = 0
        while start - 1 > floor and words < _LONGEST_ADDRESS:
            before = start - 1
            atom = self._atoms[before]
            if not self._is_together(before, start):
                if not self._goes_on_from(before, start, position):
                    break
            elif self._ends_clause(before, start, position):
                break
            words += atom.kind is not Kind.SYMBOL
            start = before
        while start < position and (
            self._atoms[start].kind is Kind.SYMBOL or self._atoms[start].value in self._language.answer_leads
        ):
            start += 1
        return start

    def _ends_clause(self, before: int, start: int, position: int) -> bool:
        """Whether the clause of an address at `position`, read back to `start`, starts there."""
        atom = self._atoms[before]
        if atom.kind is Kind.SYMBOL:
            return self._mark_ends_clause(before, start)
        if atom.value in self._mail_words or atom.value in self._language.address_leads:
            return True
        if atom.value in self._language.copulas:
            named = self._value(before - 1) in self._mail_words | self._language.address_nouns
            return named or self._is_spelled(start)
        if atom.value in self._language.interjections:
            return self._sign(before - 1) not in (".", "_", "-") and start < position
        # Of two, the second is the address's own: "reach me at jane dot doe at example dot com".
        return self._sign_of(atom) == "@" and position - start > _ATOMS_AROUND_AT

    def _mark_ends_clause(self, before: int, start: int) -> bool:
        atom = self._atoms[before]
        spelled = self._is_spelled(start) or self._is_spelled(before - 1)
        if atom.value == ".":
            return self._text[atom.end : self._atoms[start].start] != "" and not spelled
        if atom.value == ",":
            return not spelled and self._sign(start) not in ("@", ".", "_")
        return atom.value in "?!;:"

    def _goes_on_from(self, before: int, start: int, position: int) -> bool:
        """Whether an address goes on from one utterance to the next: one side, a short pause, and only its end here."""
        words = self._conversation.words
        first = self._conversation.word_at(self._atoms[before].start)
        second = self._conversation.word_at(self._atoms[start].start)
        same_side = words[first].channel == words[second].channel
        return same_side and position - start <= 2 and words[second].start_s - words[first].end_s < 4.0

    def _is_spelled(self, position: int) -> bool:
        if not 0 <= position < len(self._atoms):
            return False
        atom = self._atoms[position]
        said_sign = atom.kind is Kind.WORD and self._sign_of(atom) in (".", "_", "-")
        return atom.kind is Kind.LETTER or atom.is_number or said_sign

    def _page(self, domain: _Domain, floor: int) -> tuple[int, int]:
        """A web address around its domain: `w w w dot`, `slash help`."""
        first, last = domain.first, domain.last
        while first - 2 > floor and self._joins_label(first - 1) and self._is_together(first - 2, first):
            first -= 2
        while first - 1 > floor and self._atoms[first - 1].value in _PAGE_STARTS:
            first -= 1
        while (slash := self._slash_after(last)) is not None:
            last = slash + 1
            while self._is_together(last, last + 1) and (
                self._atoms[last + 1].kind is Kind.LETTER or self._atoms[last + 1].is_number
            ):
                last += 1
            while self._sign(last + 1) in ("-", "_") and self._is_together(last, last + 2):
                last += 2
        return first, min(last, len(self._atoms) - 1)

    def _slash_after(self, position: int) -> int | None:
        """The position of a slash after an address, over the comma of a pause, if something follows it."""
        slash = position + 1
        if self._value(slash) == "," and self._kind(slash + 1) is Kind.WORD:
            slash += 1
        slash += self._value(slash) in ("forward", "back") and self._sign(slash + 1) == "/"
        return slash if self._sign(slash) == "/" and self._is_together(position, slash + 1) else None

    def _candidates(self, policy: str, first: int, last: int, score: float) -> Iterator[Candidate]:
        start, end = self._atoms[first].start, self._atoms[last].end
        value = "".join(character for character in self._text[start:end].lower() if not character.isspace())
        words = self._conversation.words_of(start, end)
        alternatives = ("email_address",) if policy == "url" else ()
        yield Candidate(policy, *words, score, InternetAddresses.name, value, alternatives)

    def _turn_starts(self) -> list[int]:
        starts: list[int] = []
        for position in range(len(self._atoms)):
            while len(starts) <= self._turns[position]:
                starts.append(position)
        while len(starts) <= len(self._conversation.utterances):
            starts.append(len(self._atoms))
        return starts

    def _sign(self, position: int) -> str:
        """The sign of an atom, `_` for `underscore`; empty without one."""
        return self._sign_of(self._atoms[position]) if 0 <= position < len(self._atoms) else ""

    def _sign_of(self, atom: Atom) -> str:
        return atom.value if atom.kind is Kind.SYMBOL else self._language.symbols.get(atom.value, "")

    def _is_dot(self, position: int) -> bool:
        return self._sign(position) == "."

    def _joins_label(self, position: int) -> bool:
        """Whether an atom joins two parts of one name: a dot, a hyphen, `dash`."""
        if self._sign(position) not in (".", "-", "_"):
            return False
        if self._kind(position) is Kind.WORD:
            return True
        return self._is_glued(position) and self._is_glued(position + 1)
