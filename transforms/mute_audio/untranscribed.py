"""Detectors of speech without words: the recogniser wrote none, or doubts them, or a given transcript masks them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import accumulate, pairwise

from hushbeam.schemas.finding import Finding
from hushbeam.schemas.spans import merged, uncovered
from hushbeam.schemas.transcript import Transcript, Word
from hushbeam.transforms.base.spoken_length import longest_for_muting_s
from hushbeam.transforms.mute_audio.settings import UntranscribedMode
from hushbeam.transforms.transcribe.given.masks import partly_masked, wholly_masked

POLICY = "untranscribed_speech"
MASKS = "masked_word"
"""Detector of words that are masked in a given transcript."""

MUTED = "voice_activity"
"""Detector of speech without words that is muted. `FLAGGED` is that of the rest."""


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

    mode: UntranscribedMode = "auto"
    least_s: float = 0.6
    before_word_s: float = 0.3
    after_word_s: float = 0.6
    widen_s: float = 0.25
    least_confidence: float = 0.15


def find_untranscribed(transcript: Transcript, settings: UntranscribedSettings) -> tuple[Finding, ...]:
    """Findings for the parts of `transcript.speech` that no word accounts for, ordered by channel and start.

    They have no words, and their detector is `MUTED`. The caller decides which of them are muted.
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
            detector=MUTED,
        )
        for span in sorted(transcript.speech, key=lambda span: (span.channel, span.start_s))
        for start_s, end_s in uncovered(span.start_s, span.end_s, claimed.get(span.channel, []))
        if end_s - start_s >= settings.least_s
    )


def find_masked(transcript: Transcript) -> tuple[Finding, ...]:
    """Findings for words that a given transcript masks (`[PII]`): what was said there is muted, and the mask stays."""
    return _masked(transcript, wholly_masked(transcript))


def find_partly_masked(transcript: Transcript, but: Collection[int]) -> tuple[Finding, ...]:
    """Findings for words with letters or digits beside their mask (`joh***@gmail.com`), whose text is redacted too.

    Args:
      but: Numbers of words that are redacted already.
    """
    return _masked(transcript, partly_masked(transcript).difference(but))


def _masked(transcript: Transcript, numbers: Collection[int]) -> tuple[Finding, ...]:
    """A finding for each run of these words within an utterance."""
    words = transcript.words
    ends = accumulate(len(utterance.words) for utterance in transcript.utterances)
    runs = [
        run
        for start, end in pairwise([0, *ends])
        for run in merged((number, number + 1) for number in range(start, end) if number in numbers)
    ]
    return tuple(
        Finding(
            policy=POLICY,
            label=POLICY.upper(),
            channel=words[first].channel,
            start_s=words[first].start_s,
            end_s=max(word.end_s for word in words[first:end]),
            score=1.0,
            detector=MASKS,
            first_word=first,
            last_word=end - 1,
        )
        for first, end in runs
    )


def _claim(word: Word, settings: UntranscribedSettings) -> tuple[float, float]:
    """The time that a word may account for: beyond the longest it can last, its time is silence or other speech."""
    start_s = max(word.start_s, word.end_s - longest_for_muting_s(word.text))
    return start_s - settings.before_word_s, word.end_s + settings.after_word_s
