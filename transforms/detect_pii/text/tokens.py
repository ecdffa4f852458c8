"""Tokens: the words of a conversation as a reader would split them, and lists of terms."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from hushbeam.transforms.detect_pii.text.conversation import Conversation

Label = TypeVar("Label")

_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)*")
_SENTENCE_END = frozenset(".?!\n")
_GAZETTEERS = Path(__file__).parents[1] / "gazetteers"


class Token(NamedTuple):
    """One word.

    Attributes:
      text: As written.
      plain: Lower case, without accents and without a possessive ending.
      start, end: Characters of the conversation's text, end exclusive.
      word: The recogniser's word that it begins in.
      before: The text between the previous token and this one: ` `, `, `, `-`, a newline.
    """

    text: str
    plain: str
    start: int
    end: int
    word: int
    before: str

    @property
    def begins_sentence(self) -> bool:
        """Whether its capital letter may come from the start of a sentence."""
        return not self.before or not _SENTENCE_END.isdisjoint(self.before)

    @property
    def is_capitalised(self) -> bool:
        return self.text[0].isupper()

    def __repr__(self) -> str:
        return f"Token({self.start}-{self.end})"


def tokens_of(conversation: Conversation) -> Sequence[Token]:
    """All tokens in the order of the text, made once: they are kept as long as the conversation is."""
    tokens = _TOKENS.get(conversation)
    if tokens is None:
        tokens = _TOKENS[conversation] = tuple(_cut(conversation))
    return tokens


_TOKENS: WeakKeyDictionary[Conversation, tuple[Token, ...]] = WeakKeyDictionary()


def _cut(conversation: Conversation) -> Iterator[Token]:
    text = conversation.text
    end = 0
    for match in _TOKEN.finditer(text):
        start = match.start()
        written = match[0]
        yield Token(written, plain(written), start, match.end(), conversation.word_at(start), text[end:start])
        end = match.end()


def cased_turns(conversation: Conversation, tokens: Sequence[Token]) -> list[bool]:
    """For every utterance, whether it uses capital letters beyond `I`, so that their absence means something."""
    cased = [False] * len(conversation.utterances)
    for token in tokens:
        if token.is_capitalised and token.plain.split("'", maxsplit=1)[0] != "i":
            cased[conversation.turn_of(token.word)] = True
    return cased


def plain(word: str) -> str:
    """Lower case, without accents and without a possessive ending: `Zoë's` is `zoe`."""
    lowered = word.lower().replace("’", "'")
    if not lowered.isascii():
        decomposed = unicodedata.normalize("NFKD", lowered)
        lowered = "".join(character for character in decomposed if not unicodedata.combining(character))
    return lowered.removesuffix("'s")


def bare(word: str) -> str:
    """A recogniser's word as it is compared: plain, without the signs around it."""
    return plain(re.sub(r"^[\W_]+|[\W_]+$", "", word))


def plain_words(text: str) -> tuple[str, ...]:
    """The words of any text, plain and without apostrophes."""
    return tuple(plain(word).replace("'", "") for word in _TOKEN.findall(text))


def word_set(words: str) -> frozenset[str]:
    """The words of a text that white space separates."""
    return frozenset(words.split())


@cache
def read_terms(name: str) -> frozenset[str]:
    """The terms of one file of `gazetteers/`: see its README for where they come from."""
    return frozenset((_GAZETTEERS / f"{name}.txt").read_text(encoding="utf-8").split("\n")) - {""}


class Terms(Generic[Label]):
    """Finds terms of one or more words, the longest at each place. A plural ending on the last word does not matter.

    Args:
      terms: The terms of each label. A term of several labels belongs to the first.
    """

    def __init__(self, terms: Mapping[Label, AbstractSet[str]]) -> None:
        self._labels: dict[str, Label] = {}
        self._longest: dict[str, int] = {}
        for label, own in reversed([*terms.items()]):
            # Most of 103,000 are one word, and plain already.
            plain_already = {term for term in own if term.isascii() and term.isalnum() and term.islower()}
            self._labels.update(dict.fromkeys(plain_already, label))
            for term in own - plain_already:
                words = [plain(word) for word in _TOKEN.findall(term)]
                self._labels[" ".join(words)] = label
                if len(words) > 1:
                    self._longest[words[0]] = max(self._longest.get(words[0], 0), len(words))

    def find(self, tokens: Sequence[Token]) -> Iterator[tuple[int, int, Label]]:
        """Yields first token, last token (inclusive) and label. A term does not go over the end of a sentence."""
        position = 0
        while position < len(tokens):
            found = self._at(tokens, position)
            if found is None:
                position += 1
                continue
            length, label = found
            yield position, position + length - 1, label
            position += length

    def _at(self, tokens: Sequence[Token], position: int) -> tuple[int, Label] | None:
        for first in _singulars(tokens[position].plain):
            longest = min(self._longest.get(first, int(first in self._labels)), len(tokens) - position)
            for length in range(longest, 0, -1):
                inside = tokens[position + 1 : position + length]
                if any(token.begins_sentence for token in inside):
                    continue
                words = [first, *(token.plain for token in inside)]
                for last in _singulars(words[-1]):
                    label = self._labels.get(" ".join((*words[:-1], last)))
                    if label is not None:
                        return length, label
        return None


def _singulars(word: str) -> tuple[str, ...]:
    if len(word) > 4 and word.endswith("ies"):
        return word, word[:-1], word[:-3] + "y"
    if len(word) > 4 and word.endswith("es"):
        return word, word[:-1], word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        return word, word[:-1]
    return (word,)
