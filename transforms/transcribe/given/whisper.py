"""JSON output of WhisperX, faster-whisper and other tools with Whisper's segments."""

from __future__ import annotations

from collections.abc import Iterator

from hushbeam.transforms.transcribe.given.entry import Entry
from hushbeam.transforms.transcribe.given.records import GivenTranscript, GivenWord, with_own_spaces


def matches(document: Entry) -> bool:
    """Whether a file may be such an output."""
    return document.is_list("segments")


def read(document: Entry) -> GivenTranscript:
    """The words of all segments.

    WhisperX gives no time to words that its alignment does not know, numbers above all, and no words to a segment that
    it cannot align. Such words come without a time.

    Raises:
      UnusableTranscriptError: No word has a time, or a part is missing or has another type.
    """
    words = [word for segment in document.entries("segments") for word in _words(segment)]
    if all(word.start_s is None for word in words) and document.is_list("words"):  # as OpenAI's API writes them
        words = [_word(entry) for entry in document.entries("words")]
    if words and all(word.start_s is None for word in words):
        raise document.error("segments", "no word has a time; transcribe with times of words")
    return GivenTranscript("whisper", with_own_spaces(words), None, document.text("language"))


def _words(segment: Entry) -> Iterator[GivenWord]:
    words = [_word(entry) for entry in segment.entries("words")]
    if words:
        yield from words
        return
    start_s, end_s = segment.times_s("start", "end")
    for text in (segment.text("text") or "").split():
        within_s = None if start_s is None or end_s is None else (start_s, end_s)
        yield GivenWord(segment.as_word("text", text), None, None, within_s=within_s)


def _word(entry: Entry) -> GivenWord:
    confidence = entry.confidence("probability" if "probability" in entry else "score")
    return GivenWord(entry.word("word"), *entry.times_s("start", "end"), confidence)
