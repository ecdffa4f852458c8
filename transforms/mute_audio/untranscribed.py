"""Detector of untranscribed speech: speech for which the recogniser wrote no words, or only words of low confidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hushbeam.schemas.finding import Finding
from hushbeam.schemas.spans import merged, uncovered
from hushbeam.schemas.transcript import Transcript, Word
from hushbeam.transforms.base.spoken_length import longest_for_muting_s

POLICY = "untranscribed_speech"

UntranscribedMode = Literal["mute", "flag", "keep"]
"""`mute`: findings that are muted like all others. `flag`: findings that are only reported. `keep`: no findings."""


@dataclass(frozen=True)
class UntranscribedSettings:
    """When speech counts as untranscribed.

    Attributes:
      mode: What happens to it.
      least_s: Shorter speech is a breath, a click or the rest of a word whose time is wrong.
      before_word_s, after_word_s: Speech this near to a word belongs to the word, whose times are no better than this.
      widen_s: How far a finding reaches back into those margins, within the same speech.
      least_confidence: A word of lower confidence does not count as transcribed.
    """

    mode: UntranscribedMode = "mute"
    least_s: float = 0.6
    before_word_s: float = 0.3
    after_word_s: float = 0.6
    widen_s: float = 0.25
    least_confidence: float = 0.15


def find_untranscribed(transcript: Transcript, settings: UntranscribedSettings) -> tuple[Finding, ...]:
    """Findings for the parts of `transcript.speech` that no word accounts for, ordered by channel and start.

    They have no words, and their detector is `voice_activity`. The caller mutes them in mode `mute`, and reports them
    in the modes `mute` and `flag`.
    """
    if settings.mode == "keep":
        return ()
    claims: dict[int, list[tuple[float, float]]] = {}
    for word in transcript.iter_words():
        if word.confidence >= settings.least_confidence:
            claims.setdefault(word.channel, []).append(_claim(word, settings))
    claimed = {channel: merged(of_channel) for channel, of_channel in claims.items()}
    return tuple(
        Finding(
            policy=POLICY,
            label=POLICY.upper(),
            channel=span.channel,
            start_s=max(start_s - settings.widen_s, span.start_s),
            end_s=min(end_s + settings.widen_s, span.end_s),
            score=1.0,
            detector="voice_activity",
        )
        for span in sorted(transcript.speech, key=lambda span: (span.channel, span.start_s))
        for start_s, end_s in uncovered(span.start_s, span.end_s, claimed.get(span.channel, []))
        if end_s - start_s >= settings.least_s
    )


def _claim(word: Word, settings: UntranscribedSettings) -> tuple[float, float]:
    """The time that a word may account for: beyond the longest it can last, its time is silence or other speech."""
    start_s = max(word.start_s, word.end_s - longest_for_muting_s(word.text))
    return start_s - settings.before_word_s, word.end_s + settings.after_word_s
