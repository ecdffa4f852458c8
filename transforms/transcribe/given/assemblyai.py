"""Transcript object of AssemblyAI's API. Times are in milliseconds, channels count from 1."""

from __future__ import annotations

import re

from hushbeam.transforms.transcribe.given.entry import Entry
from hushbeam.transforms.transcribe.given.records import GivenTranscript, GivenWord, spaced

_MILLISECOND = 0.001
_CHANNEL = re.compile(r"([0-9]{1,3})[A-Z]*")
"""With speakers, the second one of channel 1 is `1B`."""


def matches(document: Entry) -> bool:
    """Whether a file may be such an object."""
    if "results" in document or "segments" in document:
        return False
    if "status" in document or "audio_url" in document:
        return True
    first = next(document.entries("words"), None) if document.is_list("words") else None
    return first is not None and "text" in first and "start" in first


def read(document: Entry) -> GivenTranscript:
    """The words of the object.

    Raises:
      UnusableTranscriptError: It is not complete, or a part is missing or has another type.
    """
    if "status" in document and document.text("status") != "completed":
        raise document.error("status", "the transcript is not complete; request it again")
    if document.text("text") and not document.is_list("words"):
        raise document.error("words", "is missing")
    flagged = document.flag("multichannel") or document.flag("dual_channel")
    separate = flagged or any("channel" in entry for entry in document.entries("words"))
    words = [_word(entry, separate=separate) for entry in document.entries("words")]
    return GivenTranscript(
        "assemblyai",
        tuple(word for word in words if word.text.strip()),
        (document.whole("audio_channels") or 0) if separate else None,
        document.text("language_code"),
        document.confidence("language_confidence"),
    )


def _word(entry: Entry, *, separate: bool) -> GivenWord:
    channel = 0
    if separate:
        key = "channel" if "channel" in entry else "speaker"
        match = _CHANNEL.fullmatch(entry.text(key) or "")
        if match is None or not int(match[1]):
            raise entry.error(key, "expected the number of a channel, from 1")
        channel = int(match[1]) - 1
    times_s = entry.times_s("start", "end", _MILLISECOND)
    return GivenWord(spaced(entry.word("text")), *times_s, entry.confidence("confidence"), channel)
