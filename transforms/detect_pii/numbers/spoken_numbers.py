"""Recogniser of spoken numbers: identifiers, dates, amounts and other quantities."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from hushbeam.transforms.detect_pii.languages import language_of
from hushbeam.transforms.detect_pii.numbers.dates import SpokenDate, find_dates
from hushbeam.transforms.detect_pii.numbers.labels import SHAPES, NumberLabel, NumberLabeller
from hushbeam.transforms.detect_pii.numbers.quantities import Quantity, find_quantities
from hushbeam.transforms.detect_pii.numbers.runs import Group, Run, correction_words, find_groups, find_runs
from hushbeam.transforms.detect_pii.recogniser import Candidate, GrammarRecogniser
from hushbeam.transforms.detect_pii.text.atoms import Kind
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.detect_pii.text.cues import find_cues

_QUANTITIES = ("money_amount", "statistics", "duration", "person_age", "time")
_LONGEST_HESITATION = 3
_SHORTEST_PRICE = 2
_LONGEST_PRICE = 6
_TURNS_TO_PRICE = 2
_ATOMS_OF_PRICE_TALK = 40
_BEFORE_SIGNS = frozenset({",", "then", "and", "the", "A", "an"})


class SpokenNumbers(GrammarRecogniser):
    """Finds runs of digits and labels them by questions, announcements and their length."""

    name = "spoken_numbers"
    policies = frozenset({*SHAPES, *_QUANTITIES, "date", "date_interval", "any_number"} - {"card", "code"})

    def load(self) -> None:
        """Compiles the English grammar, so that the first recording is not delayed."""
        language_of("en")

    def recognise(self, conversation: Conversation) -> Iterable[Candidate]:
        quantities = find_quantities(conversation)
        dates = find_dates(conversation)
        claimed = [*quantities, *(Quantity("date", date.first, date.last, 0.9) for date in dates)]
        groups = find_groups(conversation, claimed)
        cues = find_cues(conversation)
        labeller = NumberLabeller(conversation, cues)
        spoken: list[tuple[int, Run | SpokenDate | Quantity]] = [
            *((run.groups[0].first, run) for run in find_runs(conversation, groups, cues)),
            *((date.first, date) for date in dates),
            *((quantity.first, quantity) for quantity in quantities),
        ]
        for _, item in sorted(spoken, key=lambda entry: entry[0]):
            if isinstance(item, Run):
                yield from self._number(conversation, labeller, item)
            elif isinstance(item, SpokenDate):
                yield from self._date(conversation, labeller, item)
            else:
                yield from self._quantity(conversation, labeller, item)

    def _number(self, conversation: Conversation, labeller: NumberLabeller, run: Run) -> Iterator[Candidate]:
        label = labeller.label(run)
        if label is None:
            if _reads_as_price(conversation, run):
                yield from self._candidates(conversation, run, NumberLabel("money_amount", ("any_number",), 0.6, False))
            elif run.digits >= 3:
                yield from self._candidates(conversation, run, NumberLabel("any_number", (), 0.5, False))
            return
        if _reads_as_date(conversation, run) and label.policy in ("number_sequence", "phone_number") and not label.cued:
            label = NumberLabel("date", ("date_of_birth", label.policy, *label.alternatives), 0.7, False)
        if label.policy == "password" and "date_of_birth" in label.alternatives and _reads_as_date(conversation, run):
            label = NumberLabel("date_of_birth", (label.policy, *label.alternatives), label.score, True)
        yield from self._candidates(conversation, run, label)

    def _candidates(self, conversation: Conversation, run: Run, label: NumberLabel) -> Iterator[Candidate]:
        """One for each stretch of the run: a hesitation within a turn does not end one, a correction does."""
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
        first = stretches[0][0]
        if label.cued:
            first = _with_homophone(conversation, first)
        if label.policy == "phone_number":
            first = _with_prefix(conversation, first)
        stretches[0] = first, stretches[0][1]
        if label.policy == "password":
            stretches = [_with_signs(conversation, *stretch) for stretch in stretches]
        for first, last in stretches:
            first_word, last_word = conversation.words_of(atoms[first].start, atoms[last].end)
            yield Candidate(label.policy, first_word, last_word, label.score, self.name, run.value, label.alternatives)

    def _date(self, conversation: Conversation, labeller: NumberLabeller, date: SpokenDate) -> Iterator[Candidate]:
        policy = (
            labeller.label_date(date.first, date.last, bool(date.day and date.year), date.year)
            if date.month or date.year
            else None
        )
        atoms = conversation.atoms
        words = conversation.words_of(atoms[date.first].start, atoms[date.last].end)
        if policy is not None:
            yield Candidate(policy, *words, 0.9, self.name, date.value, ("date", "any_number"))
        else:
            weekday = not date.month and not date.year
            kind = "date" if date.is_whole_day or weekday else "date_interval"
            yield Candidate(kind, *words, 0.8, self.name, "" if weekday else date.value)

    def _quantity(
        self, conversation: Conversation, labeller: NumberLabeller, quantity: Quantity
    ) -> Iterator[Candidate]:
        atoms = conversation.atoms
        written = conversation.text[atoms[quantity.first].start : atoms[quantity.last].end]
        words = conversation.words_of(atoms[quantity.first].start, atoms[quantity.last].end)
        digits = "".join(re.findall(r"\d", written))
        # Recognisers write a security code as a price: "$732".
        if re.fullmatch(r"[$£€]\d{3,4}", written):
            group = Group(quantity.first, quantity.last, digits, _turn(conversation, quantity.first))
            if labeller.expects("credit_card_cvv", group):
                yield Candidate("credit_card_cvv", *words, 0.7, self.name, digits, ("money_amount", "any_number"))
                return
        if quantity.policy:
            yield Candidate(quantity.policy, *words, quantity.score, self.name)
        if len(digits) >= 3:
            yield Candidate("any_number", *words, 0.5, self.name)


def _turn(conversation: Conversation, position: int) -> int:
    return conversation.turn_of(conversation.word_at(conversation.atoms[position].start))


def _with_homophone(conversation: Conversation, first: int) -> int:
    """The word before the number, where it may be its first digit: `for 1111 1111`."""
    atoms = conversation.atoms
    start = first - 1
    if start < 0 or atoms[start].value not in conversation.language.homophones:
        return first
    if conversation.text[atoms[start].end : atoms[first].start] not in (" ", ", "):
        return first
    # After a content word it is a preposition: "I'm calling for 614".
    leads = conversation.language.fillers | conversation.language.answer_leads | {"number"}
    before = atoms[start - 1] if start else None
    content = (
        before is not None
        and before.kind is Kind.WORD
        and before.value not in leads
        and "\n" not in conversation.text[before.end : atoms[start].start]
    )
    return first if content else start


def _with_prefix(conversation: Conversation, first: int) -> int:
    """The prefix of a telephone number: `plus 44`, `area code 614`."""
    atoms = conversation.atoms
    for prefix in conversation.language.phone_prefixes:
        start = first - len(prefix)
        said = start >= 0 and tuple(atom.value for atom in atoms[start:first]) == prefix
        if said and "\n" not in conversation.text[atoms[start].start : atoms[first].start]:
            return start
    return first


def _with_signs(conversation: Conversation, first: int, last: int) -> tuple[int, int]:
    """The signs around the digits of a code, and dialled extensions: `6 star 4471`, `427, then hash`."""
    atoms, symbols = conversation.atoms, conversation.language.symbols
    turn = _turn(conversation, first)
    signs = frozenset("*#!")
    before = symbols.get(atoms[first - 1].value, atoms[first - 1].value) if first else ""
    if before in signs - {"!"} and _turn(conversation, first - 1) == turn:
        first -= 1
        while first > 0 and atoms[first - 1].is_number and _turn(conversation, first - 1) == turn:
            first -= 1
    end = last + 1
    while end < len(atoms) and atoms[end].value in _BEFORE_SIGNS:
        end += 1
    if end < len(atoms) and _turn(conversation, end) == turn and symbols.get(atoms[end].value) in signs:
        last = end
        while last + 1 < len(atoms) and atoms[last + 1].is_number and _turn(conversation, last + 1) == turn:
            last += 1
    return first, last


def _reads_as_price(conversation: Conversation, run: Run) -> bool:
    """`we can do it for eleven fifty`: a number that names no currency, where prices are being talked about."""
    if len(run.groups) != 1 or run.letters or not _SHORTEST_PRICE <= run.digits <= _LONGEST_PRICE:
        return False
    atoms, quantities = conversation.atoms, conversation.language.quantities
    first, last = run.groups[0].first, run.groups[0].last
    if _answers_amount(conversation, first):
        return True
    begins_clause = atoms[first].kind in (Kind.TEEN, Kind.TENS) and atoms[first - 1].kind is Kind.SYMBOL
    if first == 0 or not (begins_clause or atoms[first - 1].value in quantities.price_leads):
        return False
    if any(atom.kind is Kind.DIGIT for atom in atoms[first : first + 2]) and all(
        atom.kind is Kind.DIGIT for atom in atoms[first : last + 1]
    ):
        return False  # Codes are said digit by digit.
    following = atoms[last + 1] if last + 1 < len(atoms) else None
    ends_clause = (
        following is None
        or following.kind is Kind.SYMBOL
        or following.value in quantities.clause_starts
        or _turn(conversation, last) != _turn(conversation, last + 1)
    )
    if run.digits <= _SHORTEST_PRICE and not ends_clause:
        return False
    before = atoms[max(0, first - _ATOMS_OF_PRICE_TALK) : first]
    return any(atom.value in quantities.price_talk for atom in before)


def _answers_amount(conversation: Conversation, first: int) -> bool:
    """Whether a number is the first after a question for an amount: `How much was it?` `Two eighteen forty.`"""
    atoms = conversation.atoms
    turn = _turn(conversation, first)
    for position in range(first - 1, max(-1, first - _ATOMS_OF_PRICE_TALK), -1):
        if atoms[position].is_number or turn - _turn(conversation, position) > _TURNS_TO_PRICE:
            return False
        if atoms[position].value in conversation.language.quantities.weight_words:
            return False
        for question in conversation.language.quantities.amount_questions:
            if tuple(atom.value for atom in atoms[position : position + len(question)]) == question:
                return True
    return False


def _reads_as_date(conversation: Conversation, run: Run) -> bool:
    """`03-12-1951`, `8/27/90`."""
    if len(run.groups) != 1:
        return False
    atoms = conversation.atoms
    written = conversation.text[atoms[run.groups[0].first].start : atoms[run.groups[0].last].end]
    match = re.fullmatch(r"(\d{1,2})[-/. ](\d{1,2})[-/. ]((?:19|20)\d\d|\d\d)", written)
    return match is not None and min(int(match[1]), int(match[2])) <= 12 and max(int(match[1]), int(match[2])) <= 31
