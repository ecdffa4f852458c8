"""Joining spans and sealing their words: functions."""

from __future__ import annotations

import base64
import os
import pickle

import pytest
from apache_beam import coders

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.media import MediaInfo, SampleIdentity, SourceIdentity
from hushbeam.schemas.recording import Recording
from hushbeam.schemas.spans import TimeSpan
from hushbeam.schemas.stages import PendingRecording, SealedSpan, SpanToTranscribe, TranscribedSpan
from hushbeam.schemas.transcript import Transcript, Utterance, Word
from hushbeam.transforms.assemble_transcript.join import IncompleteTranscriptError, join
from hushbeam.transforms.assemble_transcript.sealing import SealBrokenError, SpanSealer
from hushbeam.transforms.media.decode import inspect
from hushbeam.transforms.media.limits import MediaLimits

PENDING = PendingRecording(
    Recording("long", "/calls/long.wav", ("person_name",)),
    SourceIdentity("/calls/long.wav", 1, "mtime_ns:1"),
    "identity",
)
SAMPLES = SampleIdentity(80_000, "0" * 64)


@pytest.fixture(scope="module")
def media() -> MediaInfo:
    return inspect("evaluation/dev/audio/vehicle-claim.wav", MediaLimits()).info


def transcribed(
    media: MediaInfo, number: int, count: int, *said: tuple[float, str], language: str = "en"
) -> TranscribedSpan:
    span = SpanToTranscribe(PENDING, SAMPLES, number, count, number * 5.0, number * 5.0 + 5.0)
    utterances = tuple(Utterance(0, (Word(f" {text}", start, start + 0.5, 0.9, 0),)) for start, text in said)
    speech = tuple(TimeSpan(0, start, start + 0.5) for start, _ in said)
    return TranscribedSpan(span, Transcript(language, 0.9 - number / 10, span.end_s, 1, utterances, speech), media)


def test_spans_join_in_their_order(media: MediaInfo) -> None:
    spans = [transcribed(media, 1, 2, (6.0, "five")), transcribed(media, 0, 2, (1.0, "four"), (3.0, "oh"))]
    whole = join(spans)
    assert "".join(word.text for word in whole.transcript.words) == " four oh five"
    assert whole.transcript.duration_s == SAMPLES.frames / media.sample_rate_hz
    assert len(whole.transcript.speech) == 3
    assert whole.transcript.language_confidence == pytest.approx(0.8)
    assert whole.samples == SAMPLES


def test_the_language_is_that_of_the_most_words(media: MediaInfo) -> None:
    spans = [transcribed(media, 0, 2, language="und"), transcribed(media, 1, 2, (6.0, "hello"), language="en")]
    assert join(spans).transcript.language_code == "en"


@pytest.mark.parametrize("present", [[0], [1], [0, 0], [0, 1, 1]])
def test_a_recording_of_which_a_span_is_missing_or_doubled_fails(media: MediaInfo, present: list[int]) -> None:
    with pytest.raises(IncompleteTranscriptError):
        join(transcribed(media, number, 2, (number * 5 + 1.0, "hi")) for number in present)


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    for name in ("HUSHBEAM_TEST_KEY", "HUSHBEAM_TEST_OTHER_KEY"):
        monkeypatch.setenv(name, base64.b64encode(os.urandom(32)).decode())
    return ["env:HUSHBEAM_TEST_KEY", "env:HUSHBEAM_TEST_OTHER_KEY"]


def test_sealed_words_open_with_the_same_key_only(media: MediaInfo, keys: list[str]) -> None:
    span = transcribed(media, 0, 1, (1.0, "quagga"))
    sealed = SpanSealer(keys[0]).seal(span)
    assert SpanSealer(keys[0]).open(sealed) == span
    with pytest.raises(SealBrokenError, match="--shuffle_key"):
        SpanSealer(keys[1]).open(sealed)


@pytest.mark.parametrize("key", ["a key of the operator's", base64.b64encode(bytes(31)).decode()])
def test_a_key_that_is_not_32_bytes_of_base64_is_refused(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUSHBEAM_TEST_KEY", key)
    with pytest.raises(
        ConfigurationError, match="--shuffle_key: the key is not base64 of at least 32 random bytes"
    ) as refused:
        SpanSealer("env:HUSHBEAM_TEST_KEY")
    assert key not in str(refused.value)


def test_sealed_words_do_not_open_as_those_of_another_span(media: MediaInfo, keys: list[str]) -> None:
    sealer = SpanSealer(keys[0])
    first, second = (sealer.seal(transcribed(media, number, 2, (1.0, "quagga"))) for number in (0, 1))
    with pytest.raises(SealBrokenError):
        sealer.open(SealedSpan(second.span, first.sealed))


def test_nothing_that_is_shuffled_can_be_read(media: MediaInfo, keys: list[str]) -> None:
    sealed = SpanSealer(keys[0]).seal(transcribed(media, 0, 1, (1.0, "quagga")))
    coder = coders.registry.get_coder(SealedSpan)
    encoded = coder.encode(sealed)
    assert coder.decode(encoded) == sealed
    for content in (encoded, pickle.dumps(sealed), repr(sealed).encode()):
        assert b"quagga" not in content
