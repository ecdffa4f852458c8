"""Formats of given transcripts, each in samples as its service writes them. Plain functions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hushbeam.transforms.transcribe.given.errors import UnusableTranscriptError
from hushbeam.transforms.transcribe.given.formats import parsed
from hushbeam.transforms.transcribe.given.records import GivenTranscript
from tests.transforms.transcribe.given import samples


def read(document: Any) -> GivenTranscript:
    return parsed(json.dumps(document).encode())


def text(given: GivenTranscript) -> str:
    return "".join(word.text for word in given.words)


def changed(document: samples.Document, **values: Any) -> samples.Document:
    return document | values


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_the_format_is_recognised_by_the_content(name: str) -> None:
    assert read(samples.SAMPLES[name]).service == name.partition(",")[0]


def test_amazons_punctuation_belongs_to_the_word_before_it_and_channels_stay_apart() -> None:
    given = read(samples.AMAZON_CHANNELS)
    assert text(given) == " My name is Quagga. Thank you."
    assert [word.channel for word in given.words] == [0, 0, 0, 0, 1, 1]
    assert (given.words[3].start_s, given.words[3].end_s, given.words[3].confidence) == (1.2, 1.8, 0.61)
    assert (given.channels, given.language_code) == (2, "en-US")


def test_amazons_speakers_of_one_channel_are_no_channels_and_a_masked_word_stays_as_it_is() -> None:
    given = read(samples.AMAZON_SPEAKERS_REDACTED)
    assert text(given) == " My [PII], hello"
    assert given.channels is None
    assert (given.words[1].start_s, given.words[1].end_s, given.words[1].confidence) == (3.36, 3.7, 1.0)


def test_amazons_identified_language_counts() -> None:
    results = {"items": [], "language_identification": [{"score": "0.83", "code": "es-US"}]}
    given = read({"results": results})
    assert (given.language_code, given.language_confidence) == ("es-US", 0.83)


def test_deepgrams_words_are_the_punctuated_ones() -> None:
    given = read(samples.DEEPGRAM)
    assert text(given) == " Thank you, Quagga. $1,500"
    assert [word.channel for word in given.words] == [0, 0, 0, 1]
    assert (given.channels, given.language_code, given.language_confidence) == (2, "en", 0.96)


def test_one_channel_of_deepgram_may_be_several_that_were_mixed() -> None:
    results = {"channels": samples.DEEPGRAM["results"]["channels"][:1]}
    assert read({"results": results}).channels is None


def test_assemblyais_times_are_milliseconds_and_its_channels_count_from_one() -> None:
    given = read(samples.ASSEMBLYAI)
    assert [(word.text, word.channel) for word in given.words] == [(" Smoke.", 0), (" Quagga", 1)]
    assert (given.words[0].start_s, given.words[0].end_s) == (0.25, 0.65)
    assert (given.channels, given.language_code) == (2, "en_us")


def test_assemblyais_speakers_of_one_channel_are_no_channels() -> None:
    words = [{"text": "Smoke", "start": 250, "end": 650, "confidence": 0.9, "speaker": "A"}]
    given = read(changed(samples.ASSEMBLYAI, words=words, multichannel=None, audio_channels=None))
    assert (given.channels, given.words[0].channel) == (None, 0)
    assert read({"words": words}).service == "assemblyai"


def test_assemblyais_second_speaker_of_a_channel_is_in_that_channel() -> None:
    words = [{"text": "Smoke", "start": 250, "end": 650, "channel": "2", "speaker": "2B"}]
    assert read(changed(samples.ASSEMBLYAI, words=words)).words[0].channel == 1


@pytest.mark.parametrize("status", ["queued", "processing", "error"])
def test_a_transcript_of_assemblyai_that_is_not_complete_is_refused(status: str) -> None:
    with pytest.raises(UnusableTranscriptError, match="not complete"):
        read(changed(samples.ASSEMBLYAI, status=status, words=None))


def test_whisperx_words_get_spaces_and_may_have_no_time() -> None:
    given = read(samples.WHISPERX)
    assert text(given) == " Quagga, card 4539 1488 please. ¿Qué?"
    assert [word.start_s is None for word in given.words] == [False, False, True, True, False, True]
    assert given.words[5].within_s == (3.0, 4.0), "a segment that could not be aligned still has its own times"
    assert given.words[1].confidence == 0.62


def test_words_of_whisper_keep_their_own_spaces() -> None:
    assert [word.text for word in read(samples.FASTER_WHISPER).words] == [" That", " is", " $1", ",250."]


def test_a_piece_of_text_that_is_too_long_for_a_word_is_refused_wherever_it_stands() -> None:
    segment = {"start": 0.0, "end": 2.0, "text": f" Quagga {'q' * 501}", "words": []}
    with pytest.raises(UnusableTranscriptError, match=r"segments\[1\].text: longer than 500"):
        read(changed(samples.WHISPERX, segments=[samples.WHISPERX["segments"][0], segment]))
    mark = {"type": "punctuation", "alternatives": [{"content": "." * 300}]}
    spoken = samples.AMAZON_SPEAKERS_REDACTED["results"]["items"][0]
    with pytest.raises(UnusableTranscriptError, match=r"items\[2\].alternatives: longer than 500"):
        read({"results": {"items": [spoken, mark, mark]}})


def test_openais_words_lie_beside_the_segments() -> None:
    given = read(samples.OPENAI)
    assert text(given) == " Quagga speaks"
    assert given.language_code == "english"


def test_whispers_segments_without_times_of_words_are_refused() -> None:
    segments = [{"start": 0.0, "end": 2.0, "text": " Quagga speaks."}]
    with pytest.raises(UnusableTranscriptError, match="transcribe with times of words"):
        read({"segments": segments, "language": "en"})


def test_the_plain_form_has_channels_or_none() -> None:
    given = read(samples.PLAIN)
    read_words = [(word.text, word.channel, word.confidence) for word in given.words]
    assert read_words == [(" My", 1, 1.0), (" Quagga", 0, 0.5)]
    assert given.channels == 0, "the number of channels is not stated"
    words = [{"text": "My", "start_s": 0.5, "end_s": 0.7}]
    assert read({"words": words}).channels is None
    with pytest.raises(UnusableTranscriptError, match=r"words\[1\].channel"):
        read({"words": [*samples.PLAIN["words"][:1], *words]})
