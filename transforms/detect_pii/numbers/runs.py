"""Runs of digits, and of letters between them, that are said as one number.

A number is said in groups, with commas, hyphens or "dash" between them, with "uh" and "hold on", over several turns
with the other side's "mm-hm" between, and with corrections. All of this is one run.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from hushbeam.transforms.detect_pii.languages import Language
from hushbeam.transforms.detect_pii.numbers.quantities import Quantity
from hushbeam.transforms.detect_pii.text.atoms import NUMBERS, Kind
from hushbeam.transforms.detect_pii.text.conversation import AtomReader, Conversation
from hushbeam.transforms.detect_pii.text.cues import Cue
from hushbeam.transforms.detect_pii.text.spelling import letters_at

_LONGEST_PAUSE_S = 12.0
_LEAST_DIGITS_AFTER_AN_ARTICLE = 5
_LONGEST_WRITTEN_LETTERS = 4
_LETTER_LINKS = ("-", ",", "dash", "hyphen")
_LINKING_SIGNS = frozenset("-,./:'’–—#*+()")
_SOFT_WORDS_IN_A_TURN = 6
_SOFT_WORDS_OF_THE_OTHER = 4
_HARD_WORDS_OF_THE_OTHER = 2


@dataclass
class Group:
    """Digits and letters with nothing but separators between them, in one utterance.

    Attributes:
      first, last: Atoms, inclusive.
      value: Digits and upper-case letters, without separators.
      turn: The utterance.
    """

    first: int
    last: int
    value: str
    turn: int

    @property
    def digits(self) -> int:
        return sum(character.isdigit() for character in self.value)

    @property
    def letters(self) -> int:
        return len(self.value) - self.digits

    def __repr__(self) -> str:
        return f"Group({self.digits} digits, {self.letters} letters, turn {self.turn})"


@dataclass
class Run:
    """Groups that are one number, or one number and its corrections."""

    groups: list[Group] = field(default_factory=list)

    @property
    def value(self) -> str:
        """All digits and letters, corrections and repetitions included."""
        return "".join(group.value for group in self.groups)

    @property
    def digits(self) -> int:
        return sum(group.digits for group in self.groups)

    @property
    def letters(self) -> int:
        return sum(group.letters for group in self.groups)


def find_groups(conversation: Conversation, quantities: Sequence[Quantity]) -> list[Group]:
    """All groups in the order of the text, whatever they are; quantities are left out."""
    return _GroupGrammar(conversation, quantities).scan()


class _GroupGrammar(AtomReader):
    def __init__(self, conversation: Conversation, quantities: Sequence[Quantity]) -> None:
        super().__init__(conversation)
        self._counted = {position for quantity in quantities for position in range(quantity.first, quantity.last + 1)}

    def scan(self) -> list[Group]:
        groups: list[Group] = []
        position = 0
        while position < len(self._atoms):
            group = self._group_at(position) if self._may_start(position) else None
            if group is None:
                position += 1
            else:
                groups.append(group)
                position = group.last + 1
        return groups

    def _may_start(self, position: int) -> bool:
        """Whether a group may start at an atom: most are words of which that is plain without reading further."""
        atom = self._atoms[position]
        if atom.kind is not Kind.WORD:
            return atom.kind is not Kind.SYMBOL
        return (
            len(atom.value) <= _LONGEST_WRITTEN_LETTERS
            or self._is_capital(position)
            or atom.value in self._language.spelling_alphabet
        )

    def _group_at(self, position: int) -> Group | None:
        parts: list[tuple[int, int, str]] = []
        end = position
        while True:
            start = end if not parts else self._after_link(end)
            if start is None:
                break
            part = self._part_at(start, parts)
            if part is None:
                break
            parts.append(part)
            end = part[1] + 1
        parts = self._trimmed(parts)
        if not any(character.isdigit() for _, _, value in parts for character in value):
            return None
        turn = self._conversation.turn_of(self._conversation.word_at(self._atoms[parts[0][0]].start))
        return Group(parts[0][0], parts[-1][1], "".join(value for _, _, value in parts), turn)

    def _part_at(self, position: int, before: Sequence[tuple[int, int, str]]) -> tuple[int, int, str] | None:
        """One spoken digit group, or one letter: first atom, last atom, value."""
        if position >= len(self._atoms) or position in self._counted:
            return None
        atom = self._atoms[position]
        if atom.kind is Kind.REPEAT:
            return self._repeated(position)
        if atom.kind in NUMBERS:
            return self._number(position)
        return self._letters(position, bool(before) and before[-1][2][-1].isdigit())

    def _repeated(self, position: int) -> tuple[int, int, str] | None:
        """`triple five`; `double 44`, which is how some recognisers write `double four`."""
        following = position + 1
        while following < len(self._atoms) and (
            self._atoms[following].value in ("-", ",") or self._atoms[following].value in self._language.hesitations
        ):
            following += 1
        if following >= len(self._atoms) or not self._is_together(position, following):
            return None
        atom = self._atoms[following]
        if atom.kind is Kind.LETTER and atom.value == "O":
            digit = "0"
        elif atom.kind in (Kind.DIGIT, Kind.DIGITS) and following not in self._counted:
            digit = atom.value
        else:
            return None
        return position, following, digit[0] * int(self._atoms[position].value) + digit[1:]

    def _number(self, position: int) -> tuple[int, int, str]:
        """A digit, `forty-one`, `eight hundred`, `nine hundred and one`, `two thousand five`."""
        atom = self._atoms[position]
        value, last = atom.value, position
        if atom.kind is Kind.TENS:
            following = self._following(position, ("-",))
            if following is not None and self._is_unit(following):
                value, last = value[0] + self._atoms[following].value, following
        if atom.kind is not Kind.DIGITS:
            value, last = self._multiplied(value, last)
        return position, last, value

    def _multiplied(self, value: str, last: int) -> tuple[str, int]:
        for kind, zeros in ((Kind.HUNDRED, 2), (Kind.THOUSAND, 3)):
            multiplier = self._following(last, ())
            if multiplier is None or self._atoms[multiplier].kind is not kind or multiplier in self._counted:
                continue
            value, last = value + "0" * zeros, multiplier
            rest = self._following(last, ("and",))
            if rest is None or rest in self._counted or self._atoms[rest].kind not in NUMBERS - {Kind.DIGITS}:
                continue
            if self._atoms[rest].value == "0":
                continue
            _, end, digits = self._number(rest)
            if len(digits) <= zeros:
                value, last = value[: -len(digits)] + digits, end
        return value, last

    def _following(self, position: int, links: tuple[str, ...]) -> int | None:
        following = position + 1
        if following < len(self._atoms) and self._atoms[following].value in links:
            following += 1
        if following < len(self._atoms) and self._text[
            self._atoms[following - 1].end : self._atoms[following].start
        ] in ("", " "):
            return following
        return None

    def _is_unit(self, position: int) -> bool:
        return self._atoms[position].kind is Kind.DIGIT and self._atoms[position].value != "0"

    def _letters(self, position: int, after_digit: bool) -> tuple[int, int, str] | None:
        letters = letters_at(self._conversation, position)
        if letters is not None:
            if letters.value == "O" and after_digit and not letters.explained:
                return position, position, "0"
            if (
                letters.value in self._language.one_letter_words
                and not letters.explained
                and not self._may_be_letter(position)
            ):
                return None
            if len(letters.value) > 1 and not letters.explained and not self._is_code(position):
                return None
            return letters.first, letters.last, letters.value
        return self._written_letters(position)

    def _written_letters(self, position: int) -> tuple[int, int, str] | None:
        """Letters that the recogniser wrote as a word: `bx449`, `kxr 4471`."""
        atom = self._atoms[position]
        if atom.kind is not Kind.WORD:
            return None
        if len(atom.value) <= 3 and self._touches_digits(position):
            return position, position, atom.value.upper()
        unspeakable = (
            len(atom.value) <= _LONGEST_WRITTEN_LETTERS and not set(atom.value) & set("aeiouy") and atom.value.isascii()
        )
        if unspeakable and atom.value not in self._language.abbreviations and self._is_code(position):
            return position, position, atom.value.upper()
        return None

    def _may_be_letter(self, position: int) -> bool:
        """Whether an A or I may be said as a letter; one that starts a group is looked at again with the group."""
        following = self._neighbours(position)[1]
        return self._is_spelled(position) or (following < len(self._atoms) and self._atoms[following].kind in NUMBERS)

    def _is_spelled(self, position: int) -> bool:
        """Whether an A or I is the letter and not the word: hyphens, digits or other letters stand right beside it."""
        atom = self._atoms[position]
        if "-" in (self._text[atom.start - 1 : atom.start], self._text[atom.end : atom.end + 1]):
            return True
        if self._touches_digits(position):
            return True
        before, following = self._neighbours(position)
        if self._is_letter(following) and self._is_letter_or_digit(self._neighbours(following)[1]):
            return True
        if not self._text[atom.start : atom.end].isupper():
            return False
        if self._is_letter_or_digit(before) and (self._is_letter_or_digit(following) or self._is_letter(following)):
            return True
        # A capital A within a sentence is not an article: "my alien number is A 2 0 9".
        return atom.value == "A" and self._is_letter_or_digit(following) and not self._starts_sentence(position)

    def _is_letter(self, position: int) -> bool:
        return 0 <= position < len(self._atoms) and self._atoms[position].kind is Kind.LETTER

    def _starts_sentence(self, position: int) -> bool:
        if position == 0 or self._atoms[position - 1].value in (".", "?", "!"):
            return True
        return "\n" in self._text[self._atoms[position - 1].end : self._atoms[position].start]

    def _is_letter_or_digit(self, position: int) -> bool:
        if not 0 <= position < len(self._atoms):
            return False
        atom = self._atoms[position]
        return atom.kind in (Kind.DIGIT, Kind.DIGITS, Kind.TENS, Kind.TEEN) or (
            atom.kind is Kind.LETTER and atom.value not in self._language.one_letter_words
        )

    def _is_code(self, position: int) -> bool:
        """Whether capitals are letters of an identifier, not an acronym: digits stand next to them."""
        return any(
            0 <= neighbour < len(self._atoms)
            and self._atoms[neighbour].kind in NUMBERS
            and self._text[
                min(self._atoms[position].end, self._atoms[neighbour].end) : max(
                    self._atoms[position].start, self._atoms[neighbour].start
                )
            ].strip(" ")
            in ("", "-", ",", "dash", "hyphen")
            for neighbour in self._neighbours(position)
        )

    def _neighbours(self, position: int) -> tuple[int, int]:
        before, after = position - 1, position + 1
        if before >= 0 and self._atoms[before].value in _LETTER_LINKS:
            before -= 1
        if after < len(self._atoms) and self._atoms[after].value in _LETTER_LINKS:
            after += 1
        return before, after

    def _touches_digits(self, position: int) -> bool:
        atom = self._atoms[position]
        before = position > 0 and self._atoms[position - 1].end == atom.start
        after = position + 1 < len(self._atoms) and self._atoms[position + 1].start == atom.end
        return (before and self._atoms[position - 1].kind is Kind.DIGITS) or (
            after and self._atoms[position + 1].kind is Kind.DIGITS
        )

    def _after_link(self, position: int) -> int | None:
        """The next atom that may belong to the group, over separators; None where the group ends."""
        signs = joiners = hesitations = 0
        while position < len(self._atoms):
            atom = self._atoms[position]
            if "\n" in self._text[self._atoms[position - 1].end : atom.start] or position in self._counted:
                return None
            if atom.kind is Kind.SYMBOL and atom.value in _LINKING_SIGNS:
                signs += 1
            elif atom.value in self._language.joiners and atom.kind is Kind.WORD:
                joiners += 1
            elif atom.value in self._language.interruptions and atom.kind is Kind.WORD:
                hesitations += 1
            else:
                break
            position += 1
        return position if signs <= 3 and joiners <= 1 and hesitations <= 3 else None

    def _trimmed(self, parts: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
        """Without words at the edges that only look like letters: `a`, `I`, and an `oh` that is a sigh."""
        while parts and (self._is_sigh(parts[0]) or self._is_article(parts)):
            parts = parts[1:]
        return parts

    def _is_article(self, parts: Sequence[tuple[int, int, str]]) -> bool:
        """`a 20`, `I 3`: in front of a few digits, an A or I is a word."""
        if (
            parts[0][2] not in self._language.one_letter_words
            or parts[0][0] != parts[0][1]
            or self._is_spelled(parts[0][0])
        ):
            return False
        return sum(len(value) for _, _, value in parts[1:]) < _LEAST_DIGITS_AFTER_AN_ARTICLE

    def _is_sigh(self, part: tuple[int, int, str]) -> bool:
        first, last, _ = part
        if first != last or self._text[self._atoms[first].start : self._atoms[first].end].lower() != "oh":
            return False
        return last + 1 < len(self._atoms) and self._atoms[last + 1].value in (",", ".", "!")


def find_runs(conversation: Conversation, groups: Sequence[Group], cues: Sequence[Cue]) -> list[Run]:
    """Joins groups into runs: over soft words, and over turns. A cue between two groups keeps them apart."""
    runs: list[Run] = []
    cue_starts = [cue.start for cue in cues]
    for group in groups:
        parted = not runs or _cue_between(conversation, cue_starts, runs[-1].groups[-1], group)
        if not parted and _continues(conversation, runs[-1], group):
            runs[-1].groups.append(group)
        else:
            runs.append(Run([group]))
    return [_without_a_lone_digit(conversation, run) for run in runs]


def _without_a_lone_digit(conversation: Conversation, run: Run) -> Run:
    """`the new one is 555 0111`: a "one" that other words separate from the number is not part of it."""
    if len(run.groups) > 1 and run.groups[0].value == "1" and conversation.atoms[run.groups[0].last].kind is Kind.DIGIT:
        between = conversation.atoms[run.groups[0].last + 1 : run.groups[1].first]
        if any(atom.kind is not Kind.SYMBOL for atom in between):
            return Run(run.groups[1:])
    return run


def _cue_between(conversation: Conversation, cue_starts: Sequence[int], group: Group, following: Group) -> bool:
    start, end = conversation.atoms[group.last].end, conversation.atoms[following.first].start
    return bisect_left(cue_starts, start) < bisect_left(cue_starts, end)


def _continues(conversation: Conversation, run: Run, following: Group) -> bool:
    atoms, language = conversation.atoms, conversation.language
    group = run.groups[-1]
    between = atoms[group.last + 1 : following.first]
    if any(atom.value == "?" for atom in between):
        return False
    words = [atom for atom in between if atom.kind is not Kind.SYMBOL]
    soft = language.fillers | language.joiners | correction_words(language)
    if group.turn == following.turn:
        return len(words) <= _SOFT_WORDS_IN_A_TURN and all(_is_one_of(atom.value, soft) for atom in words)
    if min(len(group.value), len(following.value)) < 2:
        return False
    first_word = conversation.words[conversation.word_at(atoms[group.last].start)]
    next_word = conversation.words[conversation.word_at(atoms[following.first].start)]
    if next_word.start_s - first_word.end_s > _LONGEST_PAUSE_S:
        return False
    soft |= language.backchannels
    hard = [atom for atom in words if not _is_one_of(atom.value, soft)]
    main = conversation.words[conversation.word_at(atoms[run.groups[0].first].start)].channel
    if next_word.channel != main:
        # The other side repeats the number; other digits are another number.
        return not hard and len(words) <= _SOFT_WORDS_OF_THE_OTHER and following.value in run.value
    # A word or two of the other side that the recogniser got wrong may stand between; of the same side, none.
    return len(hard) <= _HARD_WORDS_OF_THE_OTHER and all(
        conversation.words[conversation.word_at(atom.start)].channel != main for atom in hard
    )


def correction_words(language: Language) -> frozenset[str]:
    """The words of which corrections are made: no, sorry, wait."""
    return frozenset(word for phrase in language.corrections for word in phrase.split())


def _is_one_of(value: str, words: frozenset[str]) -> bool:
    return value.lower() in words
