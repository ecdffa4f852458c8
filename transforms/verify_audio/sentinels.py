"""Proof that the second recogniser heard anything: innocent words that it must hear again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from schemas.transcript import TimeSpan
from transforms.detect_pii.conversation import Conversation
from transforms.detect_pii.sounds import likeness
from transforms.verify_audio.innocent_speech import InnocentSpeech, InnocentWord, apart_s


@dataclass(frozen=True)
class SentinelSettings:
    """Which words are expected to be heard again, and when the second recogniser is deaf.

    Attributes:
      least_confidence: Of the first recogniser.
      least_letters: Shorter words are swallowed, and guessed.
      clear_of_muted_s: Words nearer to a muted span are clipped.
      same_place_s: How far apart two recognisers may time the same word.
      alike: How alike two writings of one word are; 0 to 1.
      fewest: With fewer sentinels nothing is proved.
      least_share: Of the sentinels, that must be heard again.
    """

    least_confidence: float = 0.8
    least_letters: int = 4
    clear_of_muted_s: float = 0.3
    same_place_s: float = 1.5
    alike: float = 0.7
    fewest: int = 4
    least_share: float = 0.4


def choose_sentinels(
    innocent: InnocentSpeech,
    listened: Iterable[tuple[float, float]],
    muted: Sequence[TimeSpan],
    settings: SentinelSettings,
) -> tuple[InnocentWord, ...]:
    """The innocent words that anybody who listens to these ranges must hear.

    Args:
      listened: Start and end in seconds, of all channels.
      muted: What cannot be heard.
    """
    ranges = list(listened)
    return tuple(
        word
        for word in innocent.words
        if word.confidence >= settings.least_confidence
        and len(word.value) >= settings.least_letters
        and any(start_s <= word.place.start_s and word.place.end_s <= end_s for start_s, end_s in ranges)
        and not any(
            span.channel == word.place.channel and apart_s(span, word.place) < settings.clear_of_muted_s
            for span in muted
        )
    )


def count_heard(sentinels: Sequence[InnocentWord], again: Conversation, settings: SentinelSettings) -> int:
    """How many of the sentinels were heard again at their place."""
    said = InnocentSpeech(again, frozenset()).words
    return sum(
        any(
            word.place.channel == sentinel.place.channel
            and apart_s(word.place, sentinel.place) < settings.same_place_s
            and (word.value == sentinel.value or likeness(word.value, sentinel.value) >= settings.alike)
            for word in said
        )
        for sentinel in sentinels
    )
