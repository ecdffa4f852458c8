"""Recogniser of names in English by their context: "my name is", "am I speaking with", "last name?"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from hushbeam.transforms.detect_pii.names.words import (
    PARTICLES,
    SUFFIXES,
    SURE_TITLES,
    TITLES,
    all_names,
    given_names,
    is_common,
    is_never_name,
    may_be_name,
    name_value,
)
from hushbeam.transforms.detect_pii.recogniser import Candidate, GrammarRecogniser
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.detect_pii.text.tokens import Token, cased_turns, tokens_of, word_set


def _any(*patterns: str) -> str:
    return f"(?:{'|'.join(patterns)})"


_RELATIVE = _any(
    "husband|wife|spouse|partner|fiancée?|boyfriend|girlfriend|son|daughter|father|mother|dad|mom|mum|brother|sister",
    "uncle|aunt|cousin|nephew|niece|grand(?:father|mother|son|daughter)|step(?:son|daughter|father|mother)|baby|kid|child",
    "friend|neighbou?r|roommate|flatmate|boss|manager|supervisor|colleague|coworker|assistant|secretary|doctor|dentist",
    "lawyer|attorney|accountant|landlord|tenant|nanny|teacher|agent|representative",
)
_PARTY = _any(
    "beneficiary|payee|recipient|next of kin|emergency contact|account ?holder|card ?holder|policy ?holder|insured",
    "patient|passenger|guest|tenant|sender|contact person|guarantor|co-?signer|other (?:parent|driver|passenger)",
    "primary care (?:doctor|physician|provider)|subscriber|provider|dependents?|employee|applicant|claimant|witness",
    "owner|driver|parent|guardian|executor|trustee|student|counselor|candidate|technician|referring physician",
)
_KIND_OF_NAME = "full|first|last|middle|given|family|legal|maiden|birth|sur|nick|preferred|complete|real"
_NAME = rf"(?:(?:{_KIND_OF_NAME})[- ]?)?(?:first and last )?names?"

# Announcements after which only a name makes sense, and those after which anything may follow.
_STRONG = _any(
    rf"{_NAME}(?: again| here)?(?:'s| is| was| would be| as|:)",
    "named",
    r"\b(?:goes by|go by|known as|call me|calls me|ask(?:ed|ing)? for)",
    r"\b(?:speak|speaking|spoke|spoken|talk|talking|talked) (?:to|with)",
    r"\b(?:in|under) the name(?: of)?|payable to|made out to|attention|on behalf of|signed by|care of|attn",
    rf"\b(?:name on (?:the|my|your) \w+|{_PARTY})(?:'s name)?(?:'s| is| will be| would be|:)",
    r"\b(?:my|his|her|your|their|our|the) (?:(?:late|new|old|oldest|young|older|younger|youngest|little|big|twin) )?"
    rf"{_RELATIVE}(?:'s name)?(?:'s| is|,| was)?",
)
_VAGUE = _any(
    r"\b(?:this is|it's|that's|i'm|i am|called)",
    r"\b(?:reservation|booking|appointment|account|order|prescription|policy|package|delivery|table|it's|that's|is|be|"
    r"listed|filed) (?:under|for)",
    r"\b(?:is|was)(?= (?:[^\W\d]+ ){1,3}(?:available|there|home|around|in the office)\b)",
)
_ANNOUNCEMENT = re.compile(rf"(?:(?P<strong>{_STRONG})|{_VAGUE})[ ]+", re.IGNORECASE)

_GREETING = re.compile(
    r"\b(?:hi|hello|hey|thanks|thank you|thank you so much|thanks so much|dear|welcome(?: back)?|bye|goodbye|sorry|"
    r"good (?:morning|afternoon|evening)|okay|alright|all right|sure|perfect|great|yes|no|well)(?: there)?,? ",
    re.IGNORECASE,
)
_INTRODUCED_BEHIND = re.compile(r"\s+(?:is )?(?:speaking|here|calling|on the line)\b", re.IGNORECASE)
_SPELLED_BEHIND = re.compile(
    r",?\s+(?:(?:that's|that is|which is) )?(?:(?:spelled|spelt)\b|[A-Z](?:[-,.] ?[A-Z]\b| as in))"
)

# Questions whose answer is a name.
_QUESTION = re.compile(
    _any(
        rf"\b(?:your|his|her|their|the|a|whose|and|\w+'s) (?:\w+ )?{_NAME}\b(?!(?:'s| is| was)\b(?!\s*\?))",
        rf"\b{_NAME}\s*(?:\?|please|,? (?:and|or) )",
        r"\bname (?:for|on|of) the (?:account|card|policy|order|reservation|booking|patient)",
        r"\bname and (?:age|address|date|number|account|phone|e-?mail)",
        r"\bwhom? (?:am i|m i|do i have the pleasure of) (?:speaking|talking)",
        rf"\bwho(?:'s| is| was| will be| are)(?: the| your| his| her)? (?:calling|this|speaking|{_RELATIVE}|{_PARTY})",
        r"\bmay i (?:ask|know|have) who|\bwho else\b|\bspeaking with\s*(?:\?|and|please)",
        r"\bspell (?:that|your|it|the|his|her)|\bhow do you spell",
        rf"\b{_PARTY}\b",
    ),
    re.IGNORECASE,
)
_ASKS_FOR_A_NAME = re.compile(r"name|\bwho\b|\bwhom\b", re.IGNORECASE)
_OTHER_NAMES = _any(
    "user ?|file|domain|brand|product|street|company|pet|school|host|business|screen|bank|hospital|network|store",
    "wi-?fi",
    "device|trade|drug|medication|generic|model|city|place|building|project|dog|cat|employer|clinic|pharmacy|team|band",
)
_NO_NAME_WANTED = re.compile(
    rf"\b{_OTHER_NAMES}(?:'s)? ?names?|names? of (?:your|the|a|that) (?:\w+ )?{_OTHER_NAMES}\b", re.IGNORECASE
)
_ANSWER_TURNS = 3
_ANSWER_S = 30.0
_LONGEST_PAUSE_WORDS = 4
_LONGEST_NAME = 5
_LONGEST_MISHEARD_WORDS = 3

# Words at the start of an answer, before the name.
_OPENERS = word_set(
    """
    yes yeah yep yup sure okay ok oh uh um er hmm well so and it it's its is my name name's the that that's this i'm i
    am
    first last full middle of course certainly absolutely please hi hello hey here go ahead ready no problem mr mrs ms
    his her hers their our your he he's she she's they they're would be just under right alright one second hold on let
    me see thank you thanks great good morning afternoon spelled spell for actually sorry a an in to
    """
)
_TITLES_OR_WORDS = word_set("miss judge justice")
_BEFORE_VERBS = word_set("i you we they he she to will would don't didn't really the a not can can't never might")
# Words of short answers that are not names.
_NOT_MISHEARD = word_set(
    """
    i i'm i'll you your he she it we they me him them what why how when where which who that this these those there
    here not no don't didn't isn't do did does done know need want wait hold hang give get got go went come one two
    three four five six seven eight nine ten zero minute minutes second seconds moment sure course ready number numbers
    is are was were be been have has had can could will would should the an and or but if because already just same yes
    yeah okay right correct please thank thanks sorry pardon again repeat spell spelled account card address phone
    email date birth name names first last married single none nothing nobody myself himself herself both either
    neither all any some of to for from with about by at on in up out so too very still also more less other another
    new old thing things problem way away later now today tomorrow yesterday
    """
)
_NEUTRAL_OPENERS = word_set(
    "uh um er hmm yes yeah yep sure okay ok well so it's it is that's that the my name first last"
)
# Words that end a name, because they start another sentence.
_ENDERS = word_set(
    """
    and at with from i i'm my is it it's that that's but so she he they we you in on for who was calling speaking here
    spelled spelt spelling as like or a an the please thank thanks with's to of do does can could will would born
    """
)

_STRONG_SCORE = 0.9
_NAMED_SCORE = 0.8
_ANSWER_SCORE = 0.75
_GUESS_SCORE = 0.6


class _Found(NamedTuple):
    first: int
    last: int
    score: float


class _Question(NamedTuple):
    """A question for a name.

    Attributes:
      end: The token after it.
      is_certain: Whether only a name can be the answer.
    """

    end: int
    is_certain: bool


class NameContexts(GrammarRecogniser):
    """Finds names by the words around them, without lists of names and without capitals."""

    name = "name_contexts"
    policies = frozenset({"person_name"})

    def load(self) -> None:
        all_names()

    def recognise(self, conversation: Conversation) -> Iterable[Candidate]:
        if conversation.language.code != "en":
            return
        reader = _Reader(conversation)
        for found in (
            *reader.announced(),
            *reader.titled(),
            *reader.greeted(),
            *reader.introduced(),
            *reader.answered(),
        ):
            tokens = reader.tokens[found.first : found.last + 1]
            first, last = conversation.words_of(tokens[0].start, tokens[-1].end)
            yield Candidate("person_name", first, last, found.score, self.name, name_value(tokens))


class _Reader:
    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self.tokens = tokens_of(conversation)
        self._cased = cased_turns(conversation, self.tokens)
        self._at = {token.start: position for position, token in enumerate(self.tokens)}

    def announced(self) -> Iterator[_Found]:
        """`my name is X`, `this is X`, `my husband X`."""
        for match in _ANNOUNCEMENT.finditer(self._conversation.text):
            position = self._at.get(match.end())
            if position is not None:
                yield from self._name_at(position, match["strong"] is None, _STRONG_SCORE)

    def titled(self) -> Iterator[_Found]:
        """`Mr X`, `Doctor X Y`."""
        for position, token in enumerate(self.tokens[:-1]):
            following = self.tokens[position + 1]
            if token.plain not in TITLES or following.before not in (" ", ". "):
                continue
            is_sure = token.plain in SURE_TITLES
            if token.plain in _TITLES_OR_WORDS and not self._is_title(position):
                continue
            last = self._end_of_name(position + 1, is_sure)
            if last is not None:
                yield _Found(position, last, _STRONG_SCORE if is_sure else _NAMED_SCORE)

    def _is_title(self, position: int) -> bool:
        """Whether `miss` or `judge` stands where a title would, not a verb."""
        if self._is_cased(position):
            return self.tokens[position].is_capitalised
        return position == 0 or self.tokens[position - 1].plain not in _BEFORE_VERBS

    def greeted(self) -> Iterator[_Found]:
        """`Hi X,`, `Thank you, X.`"""
        for match in _GREETING.finditer(self._conversation.text):
            position = self._at.get(match.end())
            if position is None:
                continue
            last = self._end_of_name(position, is_expected=False)
            if last is None or not self._closes(last):
                continue
            if any(token.plain in given_names() for token in self.tokens[position : last + 1]):
                yield _Found(position, last, _NAMED_SCORE)
            elif not any(is_common(token.plain) for token in self.tokens[position : last + 1]):
                yield _Found(position, last, _GUESS_SCORE)

    def introduced(self) -> Iterator[_Found]:
        """`X speaking`, `X here`, and `X, spelled`."""
        for position, token in enumerate(self.tokens):
            text = self._conversation.text
            if _INTRODUCED_BEHIND.match(text, token.end):
                if token.plain in given_names() and (token.is_capitalised or not self._is_cased(position)):
                    yield _Found(self._begin_of_name(position), position, _STRONG_SCORE)
            elif may_be_name(token, self._is_cased(position)) and _SPELLED_BEHIND.match(text, token.end):
                yield _Found(self._begin_of_name(position), position, _NAMED_SCORE)

    def answered(self) -> Iterator[_Found]:
        """Names in answers to a question for a name."""
        spans = self._turns()
        for turn, (first, last) in enumerate(spans):
            question = self._question(first, last)
            if question is None:
                continue
            asked_s = self._conversation.utterances[turn].end_s
            # The same voice may go on, where the recogniser put both sides of a mono recording in one utterance.
            yield from self._answer(question.end, last, is_own=True)
            for other in range(turn + 1, min(turn + 1 + _ANSWER_TURNS, len(spans))):
                if self._conversation.utterances[other].start_s - asked_s > _ANSWER_S:
                    break
                found = list(self._answer(*spans[other], is_own=False, is_certain=question.is_certain))
                yield from found
                if found or not self._is_backchannel(*spans[other]):
                    break

    def _turns(self) -> list[tuple[int, int]]:
        spans: list[tuple[int, int]] = []
        start = 0
        for position, token in enumerate(self.tokens):
            turn = self._conversation.turn_of(token.word)
            while len(spans) < turn:
                spans.append((start, position - 1))
                start = position
        while len(spans) < len(self._conversation.utterances):
            spans.append((start, len(self.tokens) - 1))
            start = len(self.tokens)
        return spans

    def _question(self, first: int, last: int) -> _Question | None:
        """The last question for a name in an utterance; None without one."""
        if last < first:
            return None
        text = self._conversation.text
        start, end = self.tokens[first].start, self.tokens[last].end
        matches = [
            match
            for match in _QUESTION.finditer(text, start, min(end + 1, len(text)))
            if not _NO_NAME_WANTED.search(text, max(start, match.start() - 12), min(match.end() + 30, end))
        ]
        if not matches:
            return None
        behind = next((at for at in range(first, last + 1) if self.tokens[at].start >= matches[-1].end()), last + 1)
        return _Question(behind, _ASKS_FOR_A_NAME.search(matches[-1][0]) is not None)

    def _answer(self, first: int, last: int, is_own: bool, is_certain: bool = False) -> Iterator[_Found]:
        """Names at the beginning of an answer: further ones count while little else is said between them."""
        position = first
        others = 0
        is_start = not is_own
        is_neutral = is_certain
        while position <= last and others <= _LONGEST_PAUSE_WORDS:
            token = self.tokens[position]
            if is_start and token.plain in _OPENERS and not self._is_name_in_place(position):
                is_neutral = is_neutral and token.plain in _NEUTRAL_OPENERS
                position += 1
                continue
            end = self._end_of_answer(position, last) if is_start else self._end_of_name(position, not is_own)
            if end is not None and end <= last:
                yield _Found(position, end, _ANSWER_SCORE)
                position = end + 1
                others = 0
            elif is_start and is_neutral and (end := self._end_of_unlikely_name(position, last)) is not None:
                yield _Found(position, end, _GUESS_SCORE)
                position = end + 1
            else:
                position += 1
                others += 1
            is_start = False

    def _is_name_in_place(self, position: int) -> bool:
        """Whether a word that could open an answer is the name itself: `Will`, `See`."""
        token = self.tokens[position]
        return token.plain in given_names() and token.is_capitalised and self._closes(position)

    def _end_of_answer(self, position: int, last: int) -> int | None:
        """The end of a name that an answer begins with, even if its words are everyday words: `Grace Long`."""
        end = position
        while end < min(last, position + _LONGEST_NAME - 1) and self._goes_on(end + 1):
            end += 1
        tokens = self.tokens[position : end + 1]
        if any(not token.plain[0].isalpha() or len(token.plain) < 2 for token in tokens):
            return self._end_of_name(position, is_expected=True)
        words = [token.plain for token in tokens]
        cased = self._is_cased(position)
        is_name = [may_be_name(token, cased) for token in tokens]
        if any(is_name) and all(certain or word in PARTICLES for certain, word in zip(is_name, words, strict=True)):
            return end
        if any(is_never_name(word) for word in words):
            return self._end_of_name(position, is_expected=True)
        is_known = any(word in given_names() for word in words) and all(word in all_names() for word in words)
        if is_known and self._closes(end):
            return end
        return self._end_of_name(position, is_expected=True)

    def _end_of_unlikely_name(self, position: int, last: int) -> int | None:
        """The end of an answer of a few everyday words, which may be a misrecognised rare name."""
        end = position
        while end < last and not self.tokens[end + 1].begins_clause:
            end += 1
        words = [token.plain for token in self.tokens[position : end + 1]]
        if len(words) > _LONGEST_MISHEARD_WORDS or not all(word.isalpha() and len(word) > 1 for word in words):
            return None
        return end if _NOT_MISHEARD.isdisjoint(words) and not any(is_never_name(word) for word in words) else None

    def _goes_on(self, position: int) -> bool:
        token = self.tokens[position]
        return token.before in (" ", "-", "'") and token.plain not in _ENDERS

    def _name_at(self, position: int, is_vague: bool, score: float) -> Iterator[_Found]:
        last = self._end_of_name(position, is_expected=not is_vague)
        if last is None:
            token = self.tokens[position]
            # A name in lower case, and nothing else could stand there: "this is grace, ..."
            if token.plain in given_names() and not token.is_capitalised and self._closes(position):
                yield _Found(position, position, _NAMED_SCORE)
            return
        words = [token.plain for token in self.tokens[position : last + 1]]
        if is_vague and not any(word in all_names() and not is_common(word) for word in words):
            if all(is_common(word) for word in words) and not any(word in given_names() for word in words):
                return
            score = _GUESS_SCORE if last == position else _ANSWER_SCORE
        yield _Found(position, last, score)

    def _end_of_name(self, position: int, is_expected: bool) -> int | None:
        """The last token of a name that begins here; None where none does.

        Args:
          position: Its first token, or a title.
          is_expected: Whether something else than a name would be odd here, so that everyday words count with a
            capital letter.
        """
        start = position
        while position < len(self.tokens) - 1 and self.tokens[position].plain in TITLES and self._goes_on(position + 1):
            position += 1
        if not self._is_part(position, is_expected):
            return None
        last = position
        while last + 1 < len(self.tokens) and last - start < _LONGEST_NAME:
            following = last + 1
            if self.tokens[following].before not in (" ", "-", "'", "’", ". ") or self.tokens[following].plain == "i":
                break
            if self.tokens[following].before == ". " and len(self.tokens[last].plain) > 1:
                break
            is_link = self.tokens[following].plain in PARTICLES or len(self.tokens[following].plain) == 1
            if self._is_part(following, is_expected=False) or self.tokens[following].plain in SUFFIXES:
                last = following
            elif is_link and following + 1 < len(self.tokens) and self._is_part(following + 1, is_expected=False):
                last = following + 1
            else:
                break
        return last

    def _is_part(self, position: int, is_expected: bool) -> bool:
        token = self.tokens[position]
        cased = self._is_cased(position)
        if may_be_name(token, cased) or (token.before == "-" and token.plain.isalpha() and not is_expected):
            return True
        if is_never_name(token.plain) or len(token.plain) < 2 or not token.plain.isalpha():
            return False
        if not cased and token.plain in all_names() and position > 0 and self.tokens[position - 1].plain in TITLES:
            return True
        is_marked = token.is_capitalised and (not token.begins_sentence or self._is_after_title(position))
        return is_expected and cased and is_marked

    def _is_after_title(self, position: int) -> bool:
        return position > 0 and self.tokens[position].before == ". " and self.tokens[position - 1].plain in TITLES

    def _begin_of_name(self, position: int) -> int:
        first = position
        while (
            first > 0
            and position - first < _LONGEST_NAME - 1
            and self.tokens[first].before in (" ", "-", "'", "’", ". ")
            and (
                may_be_name(self.tokens[first - 1], self._is_cased(first - 1)) or self.tokens[first - 1].plain in TITLES
            )
        ):
            first -= 1
        return first

    def _closes(self, position: int) -> bool:
        """Whether a pause, the end of the utterance or an introduction follows."""
        end = self.tokens[position].end
        text = self._conversation.text
        return end == len(text) or text[end] in ",.?!\n" or _INTRODUCED_BEHIND.match(text, end) is not None

    def _is_backchannel(self, first: int, last: int) -> bool:
        words: Sequence[Token] = self.tokens[first : last + 1]
        return len(words) <= 4 and all(token.plain in _OPENERS for token in words)

    def _is_cased(self, position: int) -> bool:
        return self._cased[self._conversation.turn_of(self.tokens[position].word)]
