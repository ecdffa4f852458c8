"""Output of a batch job of Amazon Transcribe.

Words and punctuation are items of one list for each channel, with times and confidences as texts. Speakers of one
channel (`speaker_labels`) are not channels, so they are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from hushbeam.transforms.transcribe.given.entry import Entry
from hushbeam.transforms.transcribe.given.records import GivenTranscript, GivenWord, spaced

_CHANNEL = re.compile(r"ch_([0-9]{1,3})")


def matches(document: Entry) -> bool:
    """Whether a file may be such an output."""
    if "results" not in document:
        return False
    results = document.entry("results")
    return results.is_list("items") or "channel_labels" in results


def read(document: Entry) -> GivenTranscript:
    """The words of the output.

    Raises:
      UnusableTranscriptError: A part is missing or has another type.
    """
    results = document.entry("results")
    channels: int | None = None
    words: list[GivenWord] = []
    if "channel_labels" in results:
        listed = list(results.entry("channel_labels").entries("channels"))
        channels = len(listed)
        for channel in listed:
            words += _words(channel.entries("items"), _number_of(channel))
    else:
        words += _words(results.entries("items"), 0)
    code, confidence = _language(results)
    return GivenTranscript("amazon_transcribe", tuple(words), channels, code, confidence)


def _words(items: Iterable[Entry], channel: int) -> list[GivenWord]:
    words: list[GivenWord] = []
    for item in items:
        best = next(item.entries("alternatives"), None)
        if best is None:
            raise item.error("alternatives", "is missing")
        content = best.word("content").strip()
        if not content:
            continue
        if item.text("type") == "punctuation":
            if words:
                words[-1] = replace(words[-1], text=item.as_word("alternatives", words[-1].text + content))
            continue
        times_s = item.times_s("start_time", "end_time")
        words.append(GivenWord(spaced(content), *times_s, best.confidence("confidence"), channel))
    return words


def _number_of(channel: Entry) -> int:
    match = _CHANNEL.fullmatch(channel.text("channel_label") or "")
    if match is None:
        raise channel.error("channel_label", "expected ch_ and a number")
    return int(match[1])


def _language(results: Entry) -> tuple[str | None, float]:
    """The identified language: a job that names its language does not repeat it in the output."""
    identified = next(results.entries("language_identification"), None)
    if identified is not None and "code" in identified:
        return identified.text("code"), identified.confidence("score")
    return results.text("language_code"), 1.0
