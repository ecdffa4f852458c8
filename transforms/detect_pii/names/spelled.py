"""Recogniser of spelled names and words: `K-O-W-A-L-S-K-I`, `S as in Sierra, I as in India`.

Speech recognisers lose rare names, but not their letters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import chain, groupby

from hushbeam.transforms.detect_pii.recogniser import Candidate, Recogniser
from hushbeam.transforms.detect_pii.text.atoms import Kind
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.detect_pii.text.spelling import Letters, letters_at
from hushbeam.transforms.detect_pii.text.tokens import bare

SPELLED = "spelled_words"
"""Name of the recogniser."""
MISHEARD = "misheard_names"
"""Name of the detector of what was transcribed for a name before it was spelled."""
_LEAST_LETTERS = 3
LEAST_MISHEARD = 0.01
_LONGEST_MISHEARD_WORDS = 12
_LONGEST_INTERRUPTION_WORDS = 2
_LONGEST_INTERRUPTION_S = 3.0
_ALTERNATIVES = ("email_address", "username", "password", "account_number", "vehicle_id", "number_sequence")
_WORDS_TO_CUE = 14
_SIGNS_BETWEEN = frozenset("-,.–")


class SpelledWords(Recogniser):
    """Finds runs of single letters. They count as names, because people mostly spell names."""

    name = SPELLED
    policies = frozenset({"person_name", *_ALTERNATIVES})

    def recognise(self, conversation: Conversation) -> Iterable[Candidate]:
        position = 0
        while position < len(conversation.atoms):
            letters = self._run_at(conversation, position)
            if letters:
                yield from self._candidates(conversation, letters)
                position = letters[-1].last + 1
            else:
                position += 1

    def _run_at(self, conversation: Conversation, position: int) -> list[Letters]:
        """The letters that are spelled from an atom on, with nothing but separators between them."""
        run: list[Letters] = []
        while position < len(conversation.atoms):
            part = letters_at(conversation, position) or _lost_letter(conversation, position, run)
            if part is None:
                break
            run.append(part)
            position = part.last + 1
            while position < len(conversation.atoms) and _separates(conversation, position):
                position += 1
            if position < len(conversation.atoms) and _breaks(conversation, part.last, position):
                break
        return run

    def _candidates(self, conversation: Conversation, run: Sequence[Letters]) -> Iterator[Candidate]:
        atoms = conversation.atoms
        spelled = "".join(part.value for part in run)
        explained = any(part.explained for part in run)
        announced = _is_announced(conversation, run[0].first)
        single = sum(len(part.value) == 1 for part in run)
        least = 2 if explained or announced else _LEAST_LETTERS
        if len(spelled) < least or (
            len(run) == 1 and not explained and not (announced and len(spelled) >= _LEAST_LETTERS)
        ):
            return
        if not explained and not announced and single < _LEAST_LETTERS:
            return
        # The word after an acronym may have been taken for a letter: "I B A N is".
        is_lost = len(run) > 1 and atoms[run[-1].first].kind is Kind.WORD
        names = (spelled.lower(), spelled[:-1].lower()) if is_lost else (spelled.lower(),)
        if not conversation.language.acronyms.isdisjoint(names) and not explained and (not announced or single == 0):
            return
        first, last = run[0].first, _with_announced_digits(conversation, run[-1].last)
        if explained or announced:
            first = _with_lost_examples(conversation, first)
        if single > _LEAST_LETTERS or (announced and single == _LEAST_LETTERS):
            first = _with_lost_letters(conversation, first)
        score = 0.9 if explained or announced else 0.75 if single > _LEAST_LETTERS else 0.55
        words = conversation.words_of(atoms[first].start, atoms[last].end)
        yield Candidate("person_name", *words, score, self.name, spelled.lower(), _ALTERNATIVES)


def _separates(conversation: Conversation, position: int) -> bool:
    """Whether an atom stands between two letters: a sign, what describes the letter before, `then` before another."""
    atoms, language = conversation.atoms, conversation.language
    return (
        atoms[position].value in _SIGNS_BETWEEN
        or atoms[position].value in language.letter_marks
        or (
            atoms[position].value in language.spelling_links
            and position + 1 < len(atoms)
            and letters_at(conversation, position + 1) is not None
        )
    )


def _breaks(conversation: Conversation, last: int, following: int) -> bool:
    return "\n" in conversation.text[conversation.atoms[last].end : conversation.atoms[following].start]


def _lost_letter(conversation: Conversation, position: int, run: Sequence[Letters]) -> Letters | None:
    """A word that stands for a letter within a spelled run: `double l`, `oh`, `why`, `our`."""
    atom = conversation.atoms[position]
    following = position + 1
    if atom.kind is Kind.REPEAT and following < len(conversation.atoms):
        if conversation.atoms[following].kind is Kind.LETTER:
            return Letters(conversation.atoms[following].value * int(atom.value), position, following, False)
        return None
    if len(run) < 2 or len(run[-1].value) > 1:
        return None
    letter = conversation.language.letter_words.get(conversation.text[atom.start : atom.end].lower())
    if letter is None:
        return None
    next_at = following
    while next_at < len(conversation.atoms) and conversation.atoms[next_at].value in ("-", ","):
        next_at += 1
    if next_at < len(conversation.atoms) and conversation.atoms[next_at].kind is Kind.LETTER:
        return Letters(letter, position, position, False)
    return None


def _with_announced_digits(conversation: Conversation, last: int) -> int:
    """Extends over announced digits: `K, O, V and the number three`."""
    atoms, language = conversation.atoms, conversation.language
    position = last + 1
    links = language.spelling_links | language.articles
    while position < len(atoms) and (atoms[position].value in links or atoms[position].value in _SIGNS_BETWEEN):
        position += 1
    if position >= len(atoms) or atoms[position].value not in language.digit_announcements:
        return last
    end = position + 1
    while end < len(atoms) and atoms[end].is_number and not _breaks(conversation, last, end):
        end += 1
    return end - 1 if end > position + 1 else last


def _is_announced(conversation: Conversation, position: int) -> bool:
    """Whether spelling is announced in the last words before an atom."""
    atoms = conversation.atoms
    words = 0
    for before in range(position - 1, -1, -1):
        if atoms[before].kind is Kind.SYMBOL:
            continue
        if atoms[before].value in conversation.language.spelling_cues:
            return True
        words += 1
        if words > _WORDS_TO_CUE:
            return False
    return False


def _with_lost_letters(conversation: Conversation, first: int) -> int:
    """Extends back over letters that were recognised as words: `elle, eux, M, A, R`."""
    atoms = conversation.atoms
    while first >= 2 and atoms[first - 1].value in _SIGNS_BETWEEN:
        word = atoms[first - 2]
        written = conversation.text[word.start : word.end].lower()
        if written not in conversation.language.letter_words or _breaks(conversation, first - 2, first):
            break
        first -= 2
    return first


def _with_lost_examples(conversation: Conversation, first: int) -> int:
    """Extends back over letters that the recogniser lost: `enters in Nancy, G as in George`."""
    atoms = conversation.atoms
    while first >= 3:
        position = first - 1
        while position > 1 and atoms[position].value in (",", "-", "."):
            position -= 1
        if position < 2 or atoms[position - 1].value != "in" or atoms[position].kind is not Kind.WORD:
            break
        if not conversation.text[atoms[position].start].isupper() or _breaks(conversation, position - 2, first):
            break
        first = position - 2
    return first


def misheard_names(conversation: Conversation, found: Sequence[Candidate], likely: Set[int]) -> Iterator[Candidate]:
    """What was transcribed of the name that a speaker said before spelling it, where no name was found.

    People say a name, then its letters. Where the recogniser did not know the name, everyday words stand there. In
    two of 36 labelled calls (one of them with noise) this covered a name; in 216 samples of written conversations,
    where nothing is misheard, it redacted nothing.

    Args:
      found: What is redacted.
      likely: Words of which the model thinks that they may be personal data. There must be one.
    """
    redacted = {word for one in found for word in range(one.first_word, one.last_word + 1)}
    for one in found:
        if one.detector != SPELLED or one.policy != "person_name":
            continue
        first = _first_of_spelling(conversation, one.first_word, redacted)
        before = _said_before(conversation, first)
        if not redacted.isdisjoint(range(first - _LONGEST_MISHEARD_WORDS, first)):
            continue
        while before and bare(conversation.words[before[0]].text) in conversation.language.answer_leads:
            del before[0]
        if not likely.isdisjoint(before):
            for _, turn in groupby(before, key=conversation.turn_of):
                words = list(turn)
                yield Candidate("person_name", words[0], words[-1], one.score, MISHEARD)


def _said_before(conversation: Conversation, first: int) -> list[int]:
    """The last words before a word that its speaker said, over a short interruption: `surname?`

    In one channel nobody knows who speaks: only the words of the same turn are taken.
    """
    turn, words = conversation.turn_of(first), conversation.words
    said: list[int] = []
    word, start_s = first - 1, words[first].start_s
    while word >= 0 and len(said) < _LONGEST_MISHEARD_WORDS:
        own = conversation.turn_of(word) == turn
        if words[word].channel == words[first].channel:
            if not own and (conversation.is_one_channel or start_s - words[word].end_s > _LONGEST_INTERRUPTION_S):
                break
            said.insert(0, word)
            start_s = words[word].start_s
            word -= 1
        else:
            interruption = conversation.utterances[conversation.turn_of(word)].words
            if len(interruption) > _LONGEST_INTERRUPTION_WORDS:
                break
            word -= len(interruption)
    return said


def _first_of_spelling(conversation: Conversation, first: int, redacted: Set[int]) -> int:
    """The first word of letters of which some were explained or transcribed as words: `as in Mount`, C, A; `why`, L."""
    explanations = frozenset(chain(*conversation.language.spelling_phrases))
    letters = conversation.language.letter_words

    def spells(word: int) -> bool:
        said = [bare(conversation.words[place].text) for place in (word, max(word - 1, 0))]
        return not explanations.isdisjoint(said) or (word in redacted and said[0] in letters)

    while first > 0 and conversation.turn_of(first - 1) == conversation.turn_of(first) and spells(first - 1):
        first -= 1
    return first
