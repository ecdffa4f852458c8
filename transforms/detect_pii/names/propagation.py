"""Propagation of names: further mentions by first name, nickname or a misrecognised name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set

from nicknames import NickNamer

from hushbeam.transforms.detect_pii.names.words import (
    PARTICLES,
    all_names,
    given_names,
    is_common,
    is_everyday,
    is_never_name,
)
from hushbeam.transforms.detect_pii.recogniser import Candidate, Propagation
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.detect_pii.text.sound_alikes import SoundAlikes, sound_of, sounds_like
from hushbeam.transforms.detect_pii.text.tokens import Token, cased_turns, tokens_of

_LEAST_SCORE = 0.7
_LEAST_SCORE_OF_COMMON = 0.85
_SHORTEST = 3
_SHORTEST_ALIKE = 4
_ALIKE = 0.78
# A word that is not a known name needs less likeness.
_ALIKE_UNKNOWN = 0.7
_SAME_PERSON = 0.85
_EXACT_SCORE = 0.85
_NICKNAME_SCORE = 0.75
_ALIKE_SCORE = 0.65


class RepeatedNames(Propagation):
    """Finds the names of known people wherever they are said again, in part or misrecognised."""

    name = "repeated_names"

    def load(self) -> None:
        self._nicknames = NickNamer()

    def propagate(self, conversation: Conversation, candidates: Sequence[Candidate]) -> Iterable[Candidate]:
        known = self._known(candidates)
        if not known:
            return
        covered = {
            word
            for candidate in candidates
            if candidate.policy == "person_name"
            for word in range(candidate.first_word, candidate.last_word + 1)
        }
        alike = _Alike(known)
        tokens = tokens_of(conversation)
        cased = cased_turns(conversation, tokens)
        is_english = conversation.language.code == "en"
        for token in tokens:
            if token.word in covered or len(token.plain) < _SHORTEST or not token.plain[0].isalpha():
                continue
            is_cased = cased[conversation.turn_of(token.word)]
            if is_english:
                score = self._score(token, is_cased, known, alike)
            else:
                # The lists of everyday words are English: elsewhere capitals tell, and without them only the same word.
                is_like = is_cased and token.is_capitalised and alike.has(token.plain, _ALIKE)
                score = _EXACT_SCORE if token.plain in known else _ALIKE_SCORE if is_like else 0.0
            if score:
                first, last = conversation.words_of(token.start, token.end)
                covered.update(range(first, last + 1))
                yield Candidate("person_name", first, last, score, self.name, token.plain)
        yield from self._whole(conversation, candidates, covered)

    def _whole(
        self, conversation: Conversation, candidates: Sequence[Candidate], covered: Set[int]
    ) -> Iterator[Candidate]:
        """Whole names as a recogniser writes them in other places: in other words, in one, in more."""
        if conversation.language.code != "en":
            return
        names = {
            one.value
            for one in candidates
            if one.policy == "person_name"
            and one.score >= _LEAST_SCORE
            and sum(word.isalpha() and len(word) >= _SHORTEST for word in one.value.split()) > 1
        }
        tokens = tokens_of(conversation)
        for found in SoundAlikes(names, is_everyday).find(tokens):
            inside = tokens[found.first : found.last + 1]
            if any(token.word not in covered and not is_everyday(token.plain) for token in inside):
                first, last = conversation.words_of(inside[0].start, inside[-1].end)
                yield Candidate("person_name", first, last, _ALIKE_SCORE, self.name, found.term)

    def _known(self, candidates: Iterable[Candidate]) -> dict[str, float]:
        """The words of all names that were found with some certainty, and how certain they are."""
        known: dict[str, float] = {}
        for candidate in candidates:
            if candidate.policy != "person_name" or candidate.score < _LEAST_SCORE:
                continue
            words = [word for word in candidate.value.split() if len(word) >= _SHORTEST and word not in PARTICLES]
            for word in words:
                if not is_common(word) or candidate.score >= _LEAST_SCORE_OF_COMMON:
                    known[word] = max(known.get(word, 0.0), candidate.score)
            if len(words) > 1:
                # A recogniser may write a whole name as one word.
                known.setdefault("".join(words), candidate.score)
        return known

    def _score(self, token: Token, is_cased: bool, known: Mapping[str, float], alike: _Alike) -> float:
        word = token.plain
        if is_common(word) or is_never_name(word):
            # Grace and Mark are said as words too: only a capital letter tells.
            is_marked = is_cased and token.is_capitalised and not token.begins_sentence
            return _EXACT_SCORE if word in known and is_marked else 0.0
        if word in known:
            return _EXACT_SCORE
        if word in given_names() and not known.keys().isdisjoint(self._related(word)):
            return _NICKNAME_SCORE
        # Another name that sounds alike belongs to another person, so it needs more likeness.
        return _ALIKE_SCORE if alike.has(word, _ALIKE if word in all_names() else _ALIKE_UNKNOWN) else 0.0

    def _related(self, word: str) -> set[str]:
        return self._nicknames.nicknames_of(word) | self._nicknames.canonicals_of(word)


class _Alike:
    """Index of names by their first sound, so that only a few are compared letter by letter."""

    def __init__(self, names: Iterable[str]) -> None:
        self._by_first_sound: dict[str, list[str]] = defaultdict(list)
        for name in names:
            if len(name) >= _SHORTEST_ALIKE:
                self._by_first_sound[sound_of(name)[:1]].append(name)

    def has(self, word: str, least: float) -> bool:
        if len(word) < _SHORTEST_ALIKE:
            return False
        return any(sounds_like(word, name, least) for name in self._by_first_sound[sound_of(word)[:1]])


def same_people(names: Collection[str]) -> dict[str, str]:
    """Maps the names of one conversation to the fullest name of the same person.

    A part of a name is the person's where only one person in the conversation has such a part.

    Args:
      names: Plain names, as candidates carry them: `daniel whitfield`, `daniel`, `witfield`.
    """
    full = sorted({name for name in names if " " in name}, key=lambda name: (-len(name.split()), name))
    people: dict[str, str] = {}
    for name in full:
        people[name] = next((known for known in people.values() if _is_same(name, known)), name)
    persons = sorted(set(people.values()))
    alone: list[str] = []
    for name in sorted(set(names) - people.keys()):
        matching = list(_with_part(name, persons))
        if len(matching) == 1:
            people[name] = matching[0]
        else:
            people[name] = next((known for known in alone if sounds_like(name, known, _SAME_PERSON)), name)
            alone.append(people[name])
    return people


def _is_same(one: str, other: str) -> bool:
    """Whether two full names may be one person's: each word of the shorter has its like in the longer."""
    shorter, longer = sorted((one.split(), other.split()), key=len)
    return all(any(sounds_like(word, candidate, _ALIKE) for candidate in longer) for word in shorter)


def _with_part(part: str, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        if any(
            part == word or (len(part) >= _SHORTEST_ALIKE and sounds_like(part, word, _ALIKE)) for word in name.split()
        ):
            yield name
