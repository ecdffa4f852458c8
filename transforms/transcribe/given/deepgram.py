"""Response of Deepgram's API for recorded audio."""

from __future__ import annotations

from collections import Counter

from hushbeam.transforms.transcribe.given.entry import Entry
from hushbeam.transforms.transcribe.given.records import GivenTranscript, GivenWord, spaced


def matches(document: Entry) -> bool:
    """Whether a file may be such a response."""
    return "results" in document and document.entry("results").is_list("channels")


def read(document: Entry) -> GivenTranscript:
    """The words of the response. One channel may stand for several that were mixed.

    Raises:
      UnusableTranscriptError: A part is missing or has another type.
    """
    channels = list(document.entry("results").entries("channels"))
    words: list[GivenWord] = []
    languages: Counter[str] = Counter()
    confidences: dict[str, float] = {}
    for number, channel in enumerate(channels):
        best = next(channel.entries("alternatives"), None)
        if best is None:
            continue
        if best.text("transcript") and not best.is_list("words"):
            raise best.error("words", "is missing")
        before = len(words)
        words += [_word(entry, number) for entry in best.entries("words")]
        language = channel.text("detected_language")
        if language:
            languages[language] += 1 + len(words) - before
            confidences[language] = max(channel.confidence("language_confidence"), confidences.get(language, 0.0))
    code = languages.most_common(1)[0][0] if languages else None
    return GivenTranscript(
        "deepgram",
        tuple(word for word in words if word.text.strip()),
        len(channels) if len(channels) > 1 else None,
        code,
        confidences[code] if code else 1.0,
    )


def _word(entry: Entry, channel: int) -> GivenWord:
    text = entry.word("punctuated_word" if "punctuated_word" in entry else "word")
    return GivenWord(spaced(text), *entry.times_s("start", "end"), entry.confidence("confidence"), channel)
