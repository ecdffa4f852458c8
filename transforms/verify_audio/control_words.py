"""Control words: unredacted words that prove that the second recogniser works on a recording."""

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
    """Which words are control words, and how many of them the second recogniser must find.

    Attributes:
      least_confidence: The first recogniser's confidence in a control word.
      least_letters: Shorter words are often left out, or guessed.
      clear_of_muted_s: Words nearer to a muted span are clipped.
      same_place_s: How far apart two recognisers may time the same word.
      alike: How alike two spellings of one word are; 0 to 1.
      fewest: Fewer control words prove nothing.
      least_share: The share of the control words that must be found.
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
    """The words that a working recogniser must find in these ranges.

    Args:
      verified: The verified ranges, ordered by channel and start; None for the whole recording.
      muted: The muted spans, in the channels that were transcribed.
    """
    ranges = None if verified is None else Nearby(verified, lambda span: span)
    silences = Nearby(muted, lambda span: span)
    return tuple(
        word
        for word in kept.words
        if word.confidence >= settings.least_confidence
        and len(word.value) >= settings.least_letters
        and (ranges is None or any(_holds(span, word.place) for span in ranges.within(word.place, 0.0)))
        and not any(
            span.channel == word.place.channel for span in silences.within(word.place, settings.clear_of_muted_s)
        )
    )


def _holds(span: TimeSpan, place: TimeSpan) -> bool:
    # Two voice activity detectors and a recogniser agree on the edges of a word to about this.
    slack_s = 0.1
    return (
        span.channel == place.channel
        and span.start_s - slack_s <= place.start_s
        and place.end_s <= span.end_s + slack_s
    )


def count_found(
    control_words: Sequence[KeptWord], second_transcript: Conversation, settings: ControlWordSettings
) -> int:
    """How many of the control words were found at their place."""
    found = KeptSpeech(second_transcript, frozenset())
    return sum(
        any(
            word.place.channel == control_word.place.channel
            and (word.value == control_word.value or likeness(word.value, control_word.value) >= settings.alike)
            for word in found.words_near(control_word.place, settings.same_place_s)
        )
        for control_word in control_words
    )
