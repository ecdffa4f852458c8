"""Proof that the second recogniser heard anything: innocent words that it must hear again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hushbeam.schemas.spans import TimeSpan
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.detect_pii.text.sound_alikes import likeness
from hushbeam.transforms.verify_audio.kept_speech import KeptSpeech, KeptWord
from hushbeam.transforms.verify_audio.nearby import Nearby


@dataclass(frozen=True)
class ControlWordSettings:
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


def choose_control_words(
    kept: KeptSpeech,
    verified: Sequence[TimeSpan] | None,
    muted: Sequence[TimeSpan],
    settings: ControlWordSettings,
) -> tuple[KeptWord, ...]:
    """The innocent words that anybody who listens to these ranges must hear.

    Args:
      verified: Ordered by channel and start; None: to everything.
      muted: What cannot be heard.
    """
    ranges = None if verified is None else Nearby(verified, lambda span: span)
    silence = Nearby(muted, lambda span: span)
    return tuple(
        word
        for word in kept.words
        if word.confidence >= settings.least_confidence
        and len(word.value) >= settings.least_letters
        and (ranges is None or any(_holds(span, word.place) for span in ranges.within(word.place, 0.0)))
        and not any(
            span.channel == word.place.channel for span in silence.within(word.place, settings.clear_of_muted_s)
        )
    )


def _holds(span: TimeSpan, place: TimeSpan) -> bool:
    # Two detectors of speech, and a recogniser, agree on the edges of a word to about this.
    slack_s = 0.1
    return (
        span.channel == place.channel
        and span.start_s - slack_s <= place.start_s
        and place.end_s <= span.end_s + slack_s
    )


def count_found(control_words: Sequence[KeptWord], again: Conversation, settings: ControlWordSettings) -> int:
    """How many of the sentinels were heard again at their place."""
    said = KeptSpeech(again, frozenset())
    return sum(
        any(
            word.place.channel == control_word.place.channel
            and (word.value == control_word.value or likeness(word.value, control_word.value) >= settings.alike)
            for word in said.words_near(control_word.place, settings.same_place_s)
        )
        for control_word in control_words
    )
