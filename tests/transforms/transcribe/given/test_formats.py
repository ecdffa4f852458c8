"""Damaged and hostile transcripts: errors of their recording, without any of their words. Plain functions."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hushbeam.schemas.errors import RecordingError
from hushbeam.schemas.spans import TimeSpan
from hushbeam.schemas.transcript import Transcript, Utterance, Word
from hushbeam.transforms.transcribe.given import formats
from hushbeam.transforms.transcribe.given.errors import UnusableTranscriptError
from hushbeam.transforms.transcribe.given.fit import fitted
from hushbeam.transforms.transcribe.given.formats import parsed
from tests.transforms.transcribe.given.samples import SAMPLES, WRITERS, Document

SPEECH = (TimeSpan(0, 0.0, 5.0), TimeSpan(1, 0.0, 4.5))

_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", " ", "Quagga", "-1", "nan", "1e999", "ch_9", "7", "completed"])
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["words", "results", "channels", "segments", "items", "text", "start", "word"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values inside a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield (*path, key)
        yield from places(each, (*path, key))


def with_value(document: Document, path: tuple[Any, ...], value: Any) -> Document:
    changed = copy.deepcopy(document)
    holder: Any = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return changed


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_a_file_is_read_or_refused_without_its_words_whatever_one_value_is(data: st.DataObject) -> None:
    document = SAMPLES[data.draw(st.sampled_from(sorted(SAMPLES)))]
    path = data.draw(st.sampled_from(list(places(document))))
    changed = with_value(document, path, data.draw(_json))
    try:
        transcript = fitted(parsed(json.dumps(changed).encode()), SPEECH, 60.0, 2, "en")
    except RecordingError as error:
        assert "uagga" not in str(error)
        assert type(error).__module__ == "hushbeam.transforms.transcribe.given.errors"
    else:
        assert all(0 <= word.start_s <= word.end_s <= 60.0 for word in transcript.words)
        assert "uagga" not in repr(transcript)


@given(_json)
@settings(deadline=None)
def test_any_json_is_read_or_refused(value: Any) -> None:
    try:
        parsed(json.dumps(value).encode())
    except UnusableTranscriptError as error:
        assert "uagga" not in str(error)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_read(content: bytes) -> None:
    with pytest.raises(UnusableTranscriptError):
        parsed(content)


_words = st.lists(
    st.tuples(
        st.floats(0.1, 2.0),
        st.floats(0.1, 0.5),
        st.text(st.characters(categories=["L", "Nd"]), min_size=1, max_size=8),
        st.integers(0, 1),
    ),
    max_size=12,
)


@given(_words, st.sampled_from(sorted(WRITERS)))
def test_every_format_gives_back_the_words_that_were_written(
    spoken: list[tuple[float, float, str, int]], name: str
) -> None:
    words, at_s = [], 0.0
    for pause_s, length_s, text, channel in spoken:
        start_s, end_s = round(at_s + pause_s, 3), round(at_s + pause_s + length_s, 3)
        words.append(Word(f" {text}.", start_s, end_s, 0.5, channel))
        at_s = end_s
    spans = tuple(TimeSpan(word.channel, word.start_s, word.end_s) for word in words)
    transcript = Transcript("en", 1.0, 60.0, 2, tuple(Utterance(word.channel, (word,)) for word in words))
    read = fitted(parsed(json.dumps(WRITERS[name](transcript)).encode()), spans, 60.0, 2, None if words else "en")
    found = sorted(read.words, key=lambda word: word.start_s)
    assert [(word.text, word.channel, word.confidence) for word in found] == [
        (word.text, word.channel, word.confidence) for word in words
    ]
    for word, written in zip(found, words, strict=True):
        assert word.start_s == pytest.approx(written.start_s, abs=0.002)
        assert word.end_s == pytest.approx(written.end_s, abs=0.002)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not valid JSON"),
        (b'{"words": [{"text": "Quagga"', "not valid JSON"),
        (b"\xff\xfe{}", "not UTF-8"),
        (b"[]", "expected a JSON object"),
        (b"{}", "unknown format"),
        (b'{"Transcript": [{"Content": "Quagga"}]}', "unknown format"),
        (b'{"words": [], "words": []}', "contains a key twice"),
        (b'{"words": [{"text": "Quagga", "start_s": NaN, "end_s": 1}]}', "NaN"),
        (
            b'{"words": [{"text": "Quagga", "start_s": 1e999, "end_s": 1e999}]}',
            r"words\[0\].start_s: expected a finite",
        ),
        (b'{"words": [{"text": "Quagga", "start_s": -1, "end_s": 1}]}', "negative"),
        (b'{"words": [{"text": "Quagga", "start_s": 2, "end_s": 1}]}', "wrong order"),
        (b'{"words": [{"text": "Quagga", "start_s": 2}]}', r"words\[0\].end_s: is missing"),
        (b'{"words": [{"text": 7, "start_s": 1, "end_s": 2}]}', r"words\[0\].text: expected a text"),
        (b'{"words": [{"start_s": 1, "end_s": 2}]}', r"words\[0\].text: is missing"),
        (b'{"words": [{"text": "\\ud800", "start_s": 1, "end_s": 2}]}', "surrogate"),
        (b'{"words": [{"text": "Quagga", "start_s": true, "end_s": 2}]}', "finite number"),
        (b'{"words": ["Quagga"]}', r"words\[0\]: expected a JSON object"),
        (b'{"words": [{"text": "' + b"q" * 600 + b'", "start_s": 1, "end_s": 2}]}', "longer than 500"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"words": [{"text": "Quagga", "start_s": ' + b"9" * 5000 + b', "end_s": 2}]}', "thousands of digits"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(content: bytes, reason: str) -> None:
    with pytest.raises(UnusableTranscriptError, match=reason) as refused:
        parsed(content)
    assert "uagga" not in str(refused.value)


def test_a_huge_file_is_refused_before_it_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "LARGEST_BYTES", 100)
    with pytest.raises(UnusableTranscriptError, match="larger than 100 bytes"):
        parsed(b" " * 101)


def test_line_breaks_and_control_characters_in_words_become_spaces() -> None:
    content = json.dumps({"words": [{"text": "two\n\x00words", "start_s": 0, "end_s": math.pi}]}).encode()
    assert parsed(content).words[0].text == " two words"
