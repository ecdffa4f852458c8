"""Hushbeam's own form: `{"language_code": "en", "words": [{"text", "start_s", "end_s", "channel", "confidence"}]}`."""

from __future__ import annotations

from hushbeam.transforms.transcribe.given.entry import Entry
from hushbeam.transforms.transcribe.given.records import GivenTranscript, GivenWord, with_own_spaces


def matches(document: Entry) -> bool:
    """Whether a file may have this form."""
    return document.is_list("words")


def read(document: Entry) -> GivenTranscript:
    """The words. Without channels, all channels were transcribed as one.

    Raises:
      UnusableTranscriptError: A part is missing or has another type.
    """
    separate = any("channel" in entry for entry in document.entries("words"))
    words = [_word(entry, separate=separate) for entry in document.entries("words")]
    return GivenTranscript("plain", with_own_spaces(words), 0 if separate else None, document.text("language_code"))


def _word(entry: Entry, *, separate: bool) -> GivenWord:
    channel = entry.whole("channel")
    if (channel is None and separate) or (channel is not None and channel < 0):
        raise entry.error("channel", "expected the number of a channel, from 0, in every word or in none")
    times_s = entry.times_s("start_s", "end_s")
    return GivenWord(entry.word("text"), *times_s, entry.confidence("confidence"), channel or 0)
