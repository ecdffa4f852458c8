"""Identities of outputs. Plain functions."""

from __future__ import annotations

from dataclasses import replace

from hushbeam.schemas.media import SourceIdentity
from hushbeam.schemas.recording import Recording
from hushbeam.transforms.archive.given_identity import configuration_of, identities_of
from hushbeam.transforms.skip_finished.output_identity import output_identity

CALL = Recording("call-1", "gs://calls/1.wav", ("person_name",))
SOURCE = SourceIdentity("gs://calls/1.wav", 1000, "generation:1")
TRANSCRIPT = SourceIdentity("gs://calls/1.json", 90, "generation:1")


def test_outputs_without_a_given_transcript_keep_the_identity_that_they_had_before_there_were_any() -> None:
    identity = output_identity(CALL, SOURCE, "c")
    assert identity == "9d1e5d20241d7b568ec7afd545025b1e879b06f0af042b254945ddb69960ac58"
    assert output_identity(replace(CALL, line=7), SOURCE, "c") == identity


def test_a_given_transcript_and_every_change_of_it_give_another_identity() -> None:
    given = replace(CALL, transcript_url=TRANSCRIPT.url)
    identities = {
        output_identity(CALL, SOURCE, "c"),
        output_identity(given, SOURCE, "c", TRANSCRIPT),
        output_identity(given, SOURCE, "c", replace(TRANSCRIPT, version="generation:2")),
        output_identity(given, SOURCE, "c", replace(TRANSCRIPT, size_bytes=91)),
        output_identity(given, SOURCE, "c", replace(TRANSCRIPT, url="gs://calls/2.json")),
    }
    assert len(identities) == 5


def test_models_and_configuration_tell_that_the_words_were_given() -> None:
    identities = {"recogniser": "base@sha256:1", "second_recogniser": "tiny.en@sha256:2", "configuration_id": "c"}
    assert identities_of(identities, None) == identities
    given = identities_of(identities, "deepgram")
    assert given["recogniser"] == "given transcript (deepgram)"
    assert given["second_recogniser"] == "tiny.en@sha256:2"
    assert given["configuration_id"] == configuration_of("c", given=True) != "c" == configuration_of("c", given=False)
