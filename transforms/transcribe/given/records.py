"""Given transcripts as records, whatever service wrote them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class GivenWord:
    """A word of a given transcript.

    Attributes:
      text: As the service wrote it, masked or formatted; with its leading space, as in `schemas.transcript.Word`.
      start_s, end_s: Seconds of the recording; None if the service gives the word no time.
      within_s: Times of the text that a word without a time belongs to; None if they are unknown.
    """

    text: str
    start_s: float | None
    end_s: float | None
    confidence: float = 1.0
    channel: int = 0
    within_s: tuple[float, float] | None = None

    def __repr__(self) -> str:
        return f"GivenWord({self.start_s}-{self.end_s} s, channel {self.channel})"


@dataclass(frozen=True, slots=True)
class GivenTranscript:
    """A given transcript, of any service.

    Attributes:
      service: Name of its format.
      words: Those of a channel in the order in which they are read.
      channels: Number of separately transcribed channels; 0 if it is not stated. None: all channels were transcribed
        as one.
      language_code: ISO 639-1, with or without a region; None if the service states none.
    """

    service: str
    words: tuple[GivenWord, ...]
    channels: int | None = None
    language_code: str | None = None
    language_confidence: float = 1.0

    def __repr__(self) -> str:
        return f"GivenTranscript({self.service}, {len(self.words)} words)"


def spaced(text: str) -> str:
    """The text of a word with the space before it, for services that write words without spaces."""
    return f" {text.lstrip()}"


def with_own_spaces(words: Iterable[GivenWord]) -> tuple[GivenWord, ...]:
    """The words as they are if their service writes spaces into them, otherwise each with a space before it.

    Words without a time never come with their space. Empty words are left out.
    """
    spoken = [word for word in words if word.text.strip()]
    own = any(word.text.startswith(" ") for word in spoken if word.start_s is not None)
    return tuple(word if own and word.start_s is not None else replace(word, text=spaced(word.text)) for word in spoken)
