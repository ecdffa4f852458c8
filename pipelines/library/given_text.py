"""Texts and transcripts in memory as the transcript that detection reads, and the way back to their characters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.languages import LANGUAGE_CODES, language_of_name, primary_language
from hushbeam.schemas.redacted import spaced_words
from hushbeam.schemas.transcript import Transcript, Utterance, Word

TextOrTranscript = str | Transcript | Mapping[str, Any] | Sequence[Mapping[str, Any]]

_WORD_S, _PAUSE_S = 0.3, 0.5
"""Times of words without times: about as fast as people speak."""

_WORD = re.compile(r"\S+")

_SPEAKER = re.compile(
    r"\s*(?P<speaker>(?:[a-z]|speaker|channel|agent|representative|rep|operator|assistant|bot|ivr|customer|caller|client|"
    r"user|human|interviewer|interviewee|doctor|nurse|patient)(?:[ _]?\d{1,2})?)\s*:(?=\s)",
    re.IGNORECASE,
)
"""The speaker before a line. Other names may be personal data, so they are searched as a part of the text."""

_UTTERANCE_KEYS = frozenset({"text", "words", "speaker", "channel", "start_s", "end_s"})
_WORD_KEYS = frozenset({"text", "start_s", "end_s", "confidence", "channel", "redacted"})


@dataclass(frozen=True)
class Said:
    """A transcript, and where its words come from.

    Attributes:
      texts: The text that the places of each utterance are in.
      places: Utterance, start and end of each word, without the white space before it.
      has_times: Whether the words have times of their own.
    """

    transcript: Transcript
    texts: tuple[str, ...] = field(repr=False)
    places: tuple[tuple[int, int, int], ...]
    has_times: bool

    def rejoined(self, text: str, words: Sequence[str]) -> str:
        """The text with other words in the places of its own."""
        pieces, end_before = [], 0
        for word, (_, start, end) in zip(words, self.places, strict=True):
            # What replaces several words stands in the place of the first, with the punctuation after the last.
            pieces += [text[end_before:start], word[1:]] if word.startswith(" ") else [word]
            end_before = end
        return "".join((*pieces, text[end_before:]))


def said_in(text: TextOrTranscript, language_code: str) -> Said:
    """The transcript of a text, or of a transcript in one of the documented forms.

    Raises:
      ConfigurationError: The language is unknown.
      ValueError: The transcript has another form.
    """
    language = checked_language(language_code)
    if isinstance(text, str):
        return _said_in_text(text, language)
    if isinstance(text, Transcript):
        spoken = [
            {"channel": one.channel, "words": [_as_mapping(word) for word in one.words]} for one in text.utterances
        ]
        return _said_in_utterances(spoken, text.language_code)
    if isinstance(text, Mapping):
        stated = text.get("language_code")
        if not isinstance(text.get("utterances"), Sequence):
            raise ValueError("transcript: expected utterances, a list of {speaker, text}")
        return _said_in_utterances(text["utterances"], checked_language(stated) if stated else language)
    if not isinstance(text, Sequence):
        raise ValueError("expected a text, a Transcript, or a list of utterances {speaker, text}")
    utterances: Any = text  # mypy takes a text for a sequence that is left
    return _said_in_utterances(utterances, language)


def checked_language(code: str) -> str:
    """The language of a code, without a script or a region.

    Raises:
      ConfigurationError: It is no known code.
    """
    language = primary_language(code) if isinstance(code, str) else None
    if language is None:
        meant = language_of_name(code) if isinstance(code, str) else None
        advice = f"; did you mean {meant}?" if meant else ""
        raise ConfigurationError(f"language: expected one of {len(LANGUAGE_CODES)} language codes, such as en{advice}")
    return language


def _as_mapping(word: Word) -> dict[str, Any]:
    return {"text": word.text, "start_s": word.start_s, "end_s": word.end_s, "confidence": word.confidence}


def _said_in_text(text: str, language: str) -> Said:
    lines = [line for line in re.finditer(r"[^\n]+", text) if line[0].strip()]
    speakers = [_SPEAKER.match(line[0]) for line in lines]
    timeline = _Timeline()
    if lines and all(speakers):
        for line, speaker in zip(lines, speakers, strict=True):
            assert speaker is not None
            timeline.begin(speaker["speaker"].casefold())
            timeline.add_text(text, line.start() + speaker.end(), line.end())
    else:
        timeline.begin("")
        timeline.add_text(text, 0, len(text))
    return timeline.said(language)


def _said_in_utterances(utterances: Sequence[Mapping[str, Any]], language: str) -> Said:
    timeline = _Timeline()
    for number, utterance in enumerate(utterances):
        if not isinstance(utterance, Mapping):
            raise ValueError(f"utterance {number + 1}: expected a mapping with speaker and text")
        if unknown := set(utterance) - _UTTERANCE_KEYS:
            raise ValueError(
                f"utterance {number + 1}: {len(unknown)} unknown keys; it may have {', '.join(sorted(_UTTERANCE_KEYS))}"
            )
        timeline.begin(str(utterance.get("channel", utterance.get("speaker", ""))))
        text = utterance.get("text")
        words = utterance.get("words")
        if words is not None:
            timeline.add_words(words, text)
        elif isinstance(text, str):
            timeline.add_text(text, 0, len(text))
        else:
            raise ValueError(f"utterance {number + 1}: text is missing")
    return timeline.said(language)


class _Timeline:
    """Utterances one after the other."""

    def __init__(self) -> None:
        self._utterances: list[Utterance] = []
        self._texts: list[str] = []
        self._places: list[tuple[int, int, int]] = []
        self._channels: dict[str, int] = {}
        self._second = 0.0
        self._has_times = False

    def begin(self, speaker: str) -> None:
        """Begins an utterance, to which words are added once."""
        self._channel = self._channels.setdefault(speaker, len(self._channels))
        self._second += _PAUSE_S

    def add_text(self, text: str, start: int, end: int) -> None:
        """The words of a part of a text."""
        words = []
        for found in _WORD.finditer(text, start, end):
            words.append(Word(f" {found[0]}", self._second, self._second + _WORD_S, 1.0, self._channel))
            self._places.append((len(self._texts), found.start(), found.end()))
            self._second += _WORD_S
        self._add(words, text)

    def add_words(self, given: Any, text: Any) -> None:
        """Words with or without times. Raises ValueError if they are not mappings of the documented form."""
        number = len(self._texts)
        if not isinstance(given, Sequence) or not all(map(_is_word, given)):
            raise ValueError(
                f"utterance {number + 1}: words: expected a list of mappings with text, and with start_s, end_s and "
                "confidence if they are known"
            )
        said = _as_spaced([word for word in given if word["text"].strip()], text)
        spaced = any(word["text"].startswith(" ") for word in said)
        words: list[Word] = []
        joined = ""
        for word in said:
            piece = word["text"].rstrip() if spaced else f" {word['text'].strip()}"
            piece = piece if joined else f" {piece.lstrip()}"
            start_s, end_s, confidence = word.get("start_s"), word.get("end_s"), word.get("confidence")
            self._has_times = self._has_times or start_s is not None
            self._second = self._second if start_s is None else float(start_s)
            end_s = self._second + _WORD_S if end_s is None else float(end_s)
            confidence = 1.0 if confidence is None else float(confidence)
            words.append(Word(piece, self._second, end_s, confidence, self._channel))
            joined += piece
            end = len(joined) - 1  # the utterance's text begins after the first space
            self._places.append((number, end - len(piece.lstrip()), end))
            self._second = max(self._second, end_s)
        if isinstance(text, str) and text.strip() != joined.strip():
            raise ValueError(f"utterance {number + 1}: its text differs from its words; give one of them")
        self._add(words, joined[1:])

    def _add(self, words: Sequence[Word], text: str) -> None:
        self._texts.append(text)
        if words:
            self._utterances.append(Utterance(self._channel, tuple(words)))

    def said(self, language: str) -> Said:
        """All utterances."""
        channels = max(len(self._channels), 1)
        transcript = Transcript(language, 1.0, self._second + _PAUSE_S, channels, tuple(self._utterances))
        return Said(transcript, tuple(self._texts), tuple(self._places), self._has_times)


def _as_spaced(words: Sequence[Mapping[str, Any]], text: Any) -> list[Mapping[str, Any]]:
    """Words with the spaces that their utterance's text has before them: those of rows of `transcripts/` have none."""
    stripped = [{**word, "text": word["text"].strip()} for word in words]
    if isinstance(text, str):
        with suppress(ValueError):
            spaced = spaced_words({"text": text.strip(), "words": stripped})
            return [{**word, "text": one} for word, one in zip(words, spaced, strict=True)]
    return list(words)


def _is_word(word: Any) -> bool:
    return isinstance(word, Mapping) and isinstance(word.get("text"), str) and not set(word) - _WORD_KEYS
