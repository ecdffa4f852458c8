"""Whether a given transcript fits its recording. Plain functions, on cached transcripts of labelled calls."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evaluation.truth import TRANSCRIPTS, read_transcripts
from hushbeam.schemas.spans import TimeSpan
from hushbeam.schemas.transcript import Transcript
from hushbeam.transforms.transcribe.given.errors import UnusableTranscriptError, WrongTranscriptError
from hushbeam.transforms.transcribe.given.fit import fitted
from hushbeam.transforms.transcribe.given.formats import parsed
from hushbeam.transforms.transcribe.given.records import GivenTranscript, GivenWord
from tests.transforms.transcribe.given.samples import as_plain

CALLS = read_transcripts(Path(__file__).parents[4] / "evaluation" / "telephone" / TRANSCRIPTS)


def words(*texts: str, channel: int = 0) -> tuple[GivenWord, ...]:
    return tuple(GivenWord(f" {text}", number, number + 0.4, 0.9, channel) for number, text in enumerate(texts))


def of_call(call: Transcript, transcript: Transcript) -> Transcript:
    """The call with the words of a transcript."""
    given = parsed(json.dumps(as_plain(transcript)).encode())
    return fitted(given, call.speech, call.duration_s, call.channels, None)


@pytest.mark.parametrize("name", sorted(CALLS))
def test_a_given_transcript_becomes_what_was_recognised(name: str) -> None:
    assert of_call(CALLS[name], CALLS[name]) == CALLS[name]


def test_transcripts_of_other_calls_are_refused() -> None:
    refused = 0
    pairs = [(call, other) for call in CALLS.values() for other in CALLS.values() if call is not other]
    for call, other in pairs:
        try:
            of_call(call, other)
        except WrongTranscriptError:
            refused += 1
    assert refused / len(pairs) > 0.97


def test_a_transcript_that_ends_early_is_refused() -> None:
    call = max(CALLS.values(), key=lambda call: call.duration_s)
    half = Transcript("en", 1.0, call.duration_s, call.channels, call.utterances[: len(call.utterances) // 4])
    with pytest.raises(WrongTranscriptError, match="of speech have no words"):
        of_call(call, half)


def test_a_transcript_without_words_fits_a_recording_without_speech_only() -> None:
    empty = GivenTranscript("plain", (), None, "en")
    assert fitted(empty, (), 9.0, 1, None).has_no_speech
    assert fitted(empty, (TimeSpan(0, 1.0, 3.0),), 9.0, 1, None).speech, "a cough is muted as speech without words"
    with pytest.raises(WrongTranscriptError, match="8 of 8 s of speech have no words"):
        fitted(empty, (TimeSpan(0, 1.0, 9.0),), 9.0, 1, None)


def test_channels_must_be_those_of_the_recording() -> None:
    speech = (TimeSpan(0, 0.0, 9.0),)
    with pytest.raises(WrongTranscriptError, match="2 channels, and the recording 1"):
        fitted(GivenTranscript("deepgram", words("a"), 2, "en"), speech, 9.0, 1, None)
    with pytest.raises(WrongTranscriptError, match="words in channel 1"):
        fitted(GivenTranscript("plain", words("a", channel=1), 0, "en"), speech, 9.0, 1, None)


def test_words_where_nobody_speaks_are_of_another_recording() -> None:
    with pytest.raises(WrongTranscriptError, match="6 of 8 words lie where nobody speaks"):
        fitted(GivenTranscript("plain", words(*"abcdefgh"), None, "en"), (TimeSpan(0, 0.0, 1.5),), 9.0, 1, None)


def test_more_words_than_anybody_can_say_are_refused() -> None:
    many = tuple(GivenWord(" a", 0.0, 0.1) for _ in range(200))
    with pytest.raises(WrongTranscriptError, match="more words"):
        fitted(GivenTranscript("plain", many, None, "en"), (), 1.0, 1, None)


@pytest.mark.parametrize(
    ("stated", "asked", "language", "confidence"),
    [("en_us", None, "en", 0.7), (None, "en", "en", 1.0), ("en-US", "en", "en", 1.0), ("english", "en", "en", 1.0)],
)
def test_the_language_is_that_of_the_line_or_of_the_transcript(
    stated: str | None, asked: str | None, language: str, confidence: float
) -> None:
    given = GivenTranscript("plain", words("a"), None, stated, 0.7)
    transcript = fitted(given, (TimeSpan(0, 0.0, 1.0),), 9.0, 1, asked)
    assert (transcript.language_code, transcript.language_confidence) == (language, confidence)


def test_a_language_that_is_unknown_or_another_than_the_lines_is_refused() -> None:
    with pytest.raises(UnusableTranscriptError, match="add language_code to the line"):
        fitted(GivenTranscript("whisper", words("a"), None, "english"), (), 9.0, 1, None)
    with pytest.raises(WrongTranscriptError, match=r"language es, and .* says en"):
        fitted(GivenTranscript("whisper", words("a"), None, "es"), (), 9.0, 1, "en")


@pytest.mark.parametrize("text", ["[PII]", "[PHONE_NUMBER_1].", "####", "##/##", "***", "[PII],"])
def test_masked_words_stay_and_are_noted(text: str) -> None:
    transcript = fitted(
        GivenTranscript("plain", words("my", text, "ok"), None, "en"), (TimeSpan(0, 0.0, 3.0),), 9.0, 1, None
    )
    assert transcript.masked_words == (1,)
    assert transcript.words[1].text == f" {text}"


def test_masks_are_found_in_each_channel_by_itself() -> None:
    given = (*words("my", "[PHONE", "NUMBER]", "ok"), *words("[", "hm", "yes", "]", channel=1))
    speech = (TimeSpan(0, 0.0, 4.0), TimeSpan(1, 0.0, 4.0))
    transcript = fitted(GivenTranscript("plain", given, 2, "en"), speech, 9.0, 2, None)
    masked = [(transcript.words[number].channel, transcript.words[number].text) for number in transcript.masked_words]
    assert sorted(masked) == [(0, " NUMBER]"), (0, " [PHONE"), (1, " ["), (1, " ]"), (1, " hm"), (1, " yes")]
