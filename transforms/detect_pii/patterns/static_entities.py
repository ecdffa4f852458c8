"""Search for the user's terms, also in spoken, spelled and misrecognised form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from hushbeam.schemas.transcript import Transcript, Utterance, Word
from hushbeam.transforms.detect_pii.numbers.canonical_view import CanonicalView, canonical_view_of
from hushbeam.transforms.detect_pii.recogniser import Candidate
from hushbeam.transforms.detect_pii.text.common_words import is_everyday
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.detect_pii.text.sound_alikes import SoundAlikes
from hushbeam.transforms.detect_pii.text.tokens import tokens_of

DETECTOR = "static_entities"


def find_static_entities(
    conversation: Conversation, static_entities: Mapping[str, Sequence[str]]
) -> Iterator[Candidate]:
    """Finds terms, by label: with other case and punctuation, numbers in words, or letter by letter.

    Spaces do not count either: `Blue Moon` finds `BlueMoon`, `B L U E moon` and `blue-moon's`.
    """
    keys = {
        key: label for label, terms in static_entities.items() for term in terms if (key := _key(term, conversation))
    }
    if not keys:
        return
    view = canonical_view_of(conversation)
    places = [place for place, character in enumerate(view.text) if character.isalnum()]
    text = "".join(_folded(view.text[place]) for place in places)
    for key, label in keys.items():
        for match in re.finditer(f"(?={re.escape(key)})", text):
            start, end = places[match.start()], places[match.start() + len(key) - 1] + 1
            if _is_whole(view.text, start, end):
                words = conversation.words_of(*view.source(start, end))
                for span in conversation.spans_by_utterance(*words):
                    yield Candidate("custom", *span, 1.0, DETECTOR, key, label=label.upper())


def find_sound_alikes(
    conversation: Conversation, static_entities: Mapping[str, Sequence[str]], found: Iterable[Candidate]
) -> Iterator[Candidate]:
    """Finds misrecognised terms, in addition to those `found`. The score is the likeness.

    The lists of everyday words are English: in other languages every word counts as one, and needs more likeness.
    """
    labels = {term: label for label, terms in static_entities.items() for term in terms}
    if not labels:
        return
    covered = {word for one in found for word in range(one.first_word, one.last_word + 1)}
    tokens = tokens_of(conversation)
    english = conversation.language.code == "en"
    for alike in SoundAlikes(labels, is_everyday if english else _is_any).find(tokens):
        words = conversation.words_of(tokens[alike.first].start, tokens[alike.last].end)
        if covered.isdisjoint(range(words[0], words[1] + 1)):
            score = round(alike.likeness, 2)
            key = _key(alike.term, conversation)
            yield Candidate("custom", *words, score, DETECTOR, key, label=labels[alike.term].upper())


def _is_any(word: str) -> bool:
    return True


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether no word goes on at either end, but for the s of a possessive or a plural."""
    following = re.match(r"['’]?s?(?![^\W_])", text[end:])
    return following is not None and not (start and text[start - 1].isalnum())


def _key(term: str, conversation: Conversation) -> str:
    """The letters and digits of a term, written as the view of a conversation writes them."""
    words = tuple(Word(f" {word}", 0.0, 0.0, 1.0, 0) for word in term.split())
    if not words:
        return ""
    code = conversation.transcript.language_code
    said = Conversation(Transcript(code, 1.0, 0.0, 1, (Utterance(0, words),)))
    return "".join(_folded(character) for character in CanonicalView(said).text if character.isalnum())


def _folded(character: str) -> str:
    """Lower case, one character for one."""
    lower = character.lower()
    return lower if len(lower) == 1 else character
