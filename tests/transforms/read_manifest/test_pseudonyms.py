"""Pseudonyms of ids and URLs. Plain functions."""

from __future__ import annotations

import hashlib
import hmac
import pickle
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.media import SourceIdentity
from hushbeam.schemas.recording import Recording
from hushbeam.transforms.read_manifest.pseudonyms import Pseudonyms
from hushbeam.transforms.skip_finished.output_identity import output_identity
from hushbeam.transforms.storage.urls import safe_name

_KEY = "canary-of-the-key-0123456789"
_CALL = Recording("maria-0791", "/calls/maria-0791.wav", ("person_name",))
_SOURCE = SourceIdentity("/calls/maria-0791.wav", 1000, "mtime_ns:1")


@pytest.fixture
def pseudonyms(monkeypatch: pytest.MonkeyPatch) -> Pseudonyms:
    monkeypatch.setenv("IDENTITIES", _KEY)
    return Pseudonyms("env:IDENTITIES")


def test_an_id_is_its_hmac_as_anybody_with_the_key_can_compute_it(pseudonyms: Pseudonyms) -> None:
    hidden = pseudonyms.of_recording(_CALL)
    digest = hmac.new(_KEY.encode(), b"maria-0791", hashlib.sha256).hexdigest()
    assert hidden.recording_id == f"id-{digest[:32]}"
    assert hidden.published_url is not None
    assert "maria" not in hidden.published_url
    assert hidden.audio_url == _CALL.audio_url, "the job still has to read it"
    assert replace(hidden, recording_id=_CALL.recording_id, published_url=None) == _CALL


def test_a_check_value_tells_keys_apart_and_is_the_beginning_of_no_pseudonym(
    pseudonyms: Pseudonyms, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = Pseudonyms("env:IDENTITIES")
    monkeypatch.setenv("IDENTITIES", f"{_KEY}!")
    other = Pseudonyms("env:IDENTITIES")
    assert again.check_value == pseudonyms.check_value != other.check_value
    assert len(pseudonyms.check_value) == 16
    for text in ("hushbeam: check value of the key", "\xffhushbeam: check value of the key"):
        assert pseudonyms.check_value not in pseudonyms.of_id(text)


@given(st.text(max_size=300))
def test_every_id_becomes_one_that_can_name_a_file(text: str) -> None:
    pseudonyms = Pseudonyms.__new__(Pseudonyms)
    pseudonyms._key = b"k" * 16
    name = pseudonyms.of_id(text)
    assert safe_name(name) == name


def test_the_outputs_identity_follows_from_the_hidden_url_and_not_from_the_url(pseudonyms: Pseudonyms) -> None:
    hidden = pseudonyms.of_recording(_CALL)
    identity = output_identity(hidden, _SOURCE, "c")
    guess = replace(hidden, audio_url="/calls/joe.wav")
    assert output_identity(guess, replace(_SOURCE, url="/calls/joe.wav"), "c") == identity, "guesses cannot be tried"
    assert output_identity(hidden, replace(_SOURCE, version="mtime_ns:2"), "c") != identity


def test_the_url_of_a_given_transcript_cannot_be_guessed_from_the_outputs_identity(pseudonyms: Pseudonyms) -> None:
    transcript = SourceIdentity("/transcripts/maria-0791.json", 90, "mtime_ns:1")
    hidden = replace(pseudonyms.of_recording(_CALL), transcript_url=transcript.url)
    guess = replace(hidden, transcript_url="/transcripts/joe.json")
    identity = output_identity(hidden, _SOURCE, "c", transcript)
    assert output_identity(guess, _SOURCE, "c", replace(transcript, url=str(guess.transcript_url))) == identity
    assert output_identity(hidden, _SOURCE, "c", replace(transcript, version="mtime_ns:2")) != identity


def test_the_key_stays_where_it_is(pseudonyms: Pseudonyms, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "canary" not in repr(pseudonyms)
    with pytest.raises(TypeError):
        pickle.dumps(pseudonyms)
    monkeypatch.setenv("IDENTITIES", "canary")
    with pytest.raises(ConfigurationError, match=r"--hash_identities.*6 bytes") as caught:
        Pseudonyms("env:IDENTITIES")
    assert "canary" not in str(caught.value)
