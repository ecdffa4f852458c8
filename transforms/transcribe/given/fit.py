"""Transcript of a recording from a given one, its audio and the speech that was detected in it."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

from hushbeam.schemas.languages import UNDETERMINED, primary_language
from hushbeam.schemas.spans import TimeSpan, merged, uncovered
from hushbeam.schemas.transcript import Transcript, Word
from hushbeam.transforms.transcribe.given.errors import UnusableTranscriptError, WrongTranscriptError
from hushbeam.transforms.transcribe.given.masks import masked_words
from hushbeam.transforms.transcribe.given.records import GivenTranscript
from hushbeam.transforms.transcribe.given.times import timed
from hushbeam.transforms.transcribe.words import conversation

# Measured on the labelled calls of evaluation/dev, telephone and practice. With its own transcript, no call has a word
# outside speech, and none has more than 3 % of its speech without words. With the transcript of another call of its
# folder (396 pairs), 184 are refused because of their length or channels, 201 because of the limits below, and 11 pass.
_MOST_WORDS_OUTSIDE_SPEECH = 0.2
"""Share of a transcript's words that may lie where nobody speaks."""

_FEWEST_WORDS_OUTSIDE_SPEECH = 5
"""Fewer words where nobody speaks are never too many."""

_MOST_SPEECH_WITHOUT_WORDS = 0.5
"""Share of a recording's speech that may have no words: hold music counts as speech, and services pass it over."""

_LEAST_SPEECH_WITHOUT_WORDS_S = 5.0
"""Less speech without words is never too much."""

_BEFORE_WORD_S = 0.3
_AFTER_WORD_S = 0.6
"""Speech this near to a word is its own."""

_MOST_WORDS_A_SECOND = 20
"""In each channel: more than anybody says. A limit for the work, whatever the file says."""

_FEW_WORDS = 100
"""So many are read, however short the recording is."""


def fitted(
    given: GivenTranscript, speech: Sequence[TimeSpan], duration_s: float, channels: int, language_code: str | None
) -> Transcript:
    """The transcript that recognition of the same words would give.

    Args:
      speech: Detected speech of all channels.
      duration_s: Of the decoded audio.
      channels: Number of channels of the decoded audio; 1 if they were mixed.
      language_code: The language that the manifest names.

    Raises:
      UnusableTranscriptError: The language is unknown, or times are out of order.
      WrongTranscriptError: It does not fit the recording.
    """
    _check_channels(given, channels)
    if len(given.words) > _FEW_WORDS + _MOST_WORDS_A_SECOND * duration_s * channels:
        raise WrongTranscriptError(
            "the transcript has more words than the recording has time for; does it belong to this recording?"
        )
    language, confidence = _language(given, language_code)
    words = [
        timed(
            [word for word in given.words if word.channel == channel],
            [span for span in speech if span.channel == channel],
            duration_s,
        )
        for channel in range(channels)
    ]
    _check_speech([word for of_channel in words for word in of_channel], speech)
    utterances = conversation(words)
    return Transcript(
        language_code=language,
        language_confidence=confidence,
        duration_s=duration_s,
        channels=channels,
        utterances=utterances,
        speech=tuple(speech),
        masked_words=masked_words(utterances),
    )


def _check_channels(given: GivenTranscript, channels: int) -> None:
    if given.channels and given.channels != channels:
        raise WrongTranscriptError(
            f"the transcript has {given.channels} channels, and the recording {channels}; does it belong to this "
            "recording?"
        )
    highest = max((word.channel for word in given.words), default=0)
    if highest >= channels:
        raise WrongTranscriptError(
            f"the transcript has words in channel {highest}, and the recording has {channels} channels, from 0; does "
            "it belong to this recording?"
        )


def _language(given: GivenTranscript, asked: str | None) -> tuple[str, float]:
    stated = primary_language(given.language_code) if given.language_code else None
    wanted = primary_language(asked) if asked else None
    if wanted is not None and stated is not None and wanted != stated:
        raise WrongTranscriptError(
            f"the transcript is in the language {stated}, and the manifest or --language_code says {wanted}"
        )
    if wanted is not None:
        return wanted, 1.0
    if stated is not None:
        return stated, given.language_confidence
    if given.words:
        raise UnusableTranscriptError("the transcript does not name its language; add language_code to the line")
    return UNDETERMINED, 0.0


def _check_speech(words: Sequence[Word], speech: Sequence[TimeSpan]) -> None:
    """Checks that words lie in speech, and speech has words."""
    spoken: dict[int, list[TimeSpan]] = {}
    for span in speech:
        spoken.setdefault(span.channel, []).append(span)
    outside = sum(_is_outside(word, spoken.get(word.channel, ())) for word in words)
    if outside >= _FEWEST_WORDS_OUTSIDE_SPEECH and outside > _MOST_WORDS_OUTSIDE_SPEECH * len(words):
        raise WrongTranscriptError(
            f"{outside} of {len(words)} words lie where nobody speaks; does the transcript belong to this recording?"
        )
    near: dict[int, list[tuple[float, float]]] = {}
    for word in words:
        near.setdefault(word.channel, []).append((word.start_s - _BEFORE_WORD_S, word.end_s + _AFTER_WORD_S))
    covers = {channel: merged(ranges) for channel, ranges in near.items()}
    whole_s = sum(span.end_s - span.start_s for span in speech)
    without_s = sum(
        end_s - start_s
        for span in speech
        for start_s, end_s in uncovered(span.start_s, span.end_s, covers.get(span.channel, []))
    )
    if without_s > _LEAST_SPEECH_WITHOUT_WORDS_S and without_s > _MOST_SPEECH_WITHOUT_WORDS * whole_s:
        raise WrongTranscriptError(
            f"{without_s:.0f} of {whole_s:.0f} s of speech have no words; is the transcript complete, and does it "
            "belong to this recording?"
        )


def _is_outside(word: Word, spoken: Sequence[TimeSpan]) -> bool:
    next_one = bisect.bisect_right(spoken, word.start_s, key=lambda span: span.end_s)
    return next_one == len(spoken) or spoken[next_one].start_s >= word.end_s
