"""Conversations of written lines, and lines with brackets around what was found in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hushbeam.schemas.transcript import Transcript, Utterance, Word
from hushbeam.transforms.detect_pii.recogniser import Candidate
from hushbeam.transforms.detect_pii.text.conversation import Conversation

Said = Callable[[str], Conversation]
Spans = Callable[[Conversation, Iterable[Candidate]], list[tuple[str, str]]]
Marked = Callable[..., str]


def transcript_of(text: str, language_code: str = "en") -> Transcript:
    """One utterance a line, two words a second. `A:` and `B:` before a line name the channel."""
    utterances: list[Utterance] = []
    second = 0.0
    for line in text.strip().splitlines():
        speaker, separator, said = line.strip().partition(": ")
        channel, texts = ("AB".index(speaker), said) if separator and speaker in ("A", "B") else (0, line)
        words: list[Word] = []
        for word in texts.split():
            words.append(Word(f" {word}", second, second + 0.4, 0.9, channel))
            second += 0.5
        utterances.append(Utterance(channel, tuple(words)))
        second += 0.5
    return Transcript(language_code, 1.0, second, 2, tuple(utterances))


def plain(marked: str) -> str:
    """Lines without their brackets."""
    return marked.replace("[", "").replace("]", "")
