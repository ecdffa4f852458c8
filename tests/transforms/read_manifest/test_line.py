"""What a manifest line may say, and how it is told what is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.read_manifest.line import (
    ManifestDefaults,
    ManifestLine,
    ManifestLineError,
    UnknownKeyError,
    UnknownPolicyInLineError,
    derived_id,
    read_line,
)

MANIFEST = "/calls/night.jsonl"


def read(**values: object):
    return read_line({"audio_url": "a.wav", **values}, ManifestDefaults(), MANIFEST, 7)


def test_a_request_body_of_the_seed_api_is_a_valid_line():
    recording = read(
        redact_pii=True,
        redact_pii_policies=["person_name", "credit_card_number"],
        redact_pii_sub="entity_name",
        redact_pii_audio=True,
        redact_pii_audio_quality="wav",
        redact_pii_audio_options={"override_audio_redaction_method": "silence"},
        redact_static_entities={"TOOL": ["Bearclaw"]},
        language_code="en",
        multichannel=True,
        webhook_url="https://example.com/hook",
        webhook_auth_header_name="X-Key",
    )
    assert recording.policies == ("credit_card_number", "person_name")
    assert recording.substitution == "entity_name"
    assert recording.audio_quality == "wav"
    assert recording.static_entities == {"TOOL": ("Bearclaw",)}
    assert recording.line == 7


def test_a_relative_url_starts_from_the_manifests_folder():
    assert read().audio_url == "/calls/a.wav"
    assert read(audio_url="gs://bucket/b.wav").audio_url == "gs://bucket/b.wav"


def test_the_seed_apis_beep_is_a_tone():
    assert read(redact_pii_audio_options={"override_audio_redaction_method": "beep"}).muting == "tone"


def test_an_unknown_key_is_refused_with_the_nearest_known_one():
    with pytest.raises(UnknownKeyError, match=r"redact_pii_audoi.*did you mean 'redact_pii_audio'"):
        read(redact_pii_audoi=True)


def test_an_unknown_policy_is_refused():
    with pytest.raises(UnknownPolicyInLineError, match="person_name"):
        read(redact_pii_policies=["person_nam"])


def test_a_line_that_asks_for_no_redaction_is_refused():
    with pytest.raises(ManifestLineError, match="redact_pii"):
        read(redact_pii=False)


def test_an_empty_list_of_policies_is_refused():
    with pytest.raises(ManifestLineError, match="empty"):
        read(redact_pii_policies=[])


def test_a_secret_in_the_line_is_refused_and_a_reference_is_kept():
    with pytest.raises(ManifestLineError, match="env:NAME") as refused:
        read(webhook_auth_header_value="tops3cret")
    assert "tops3cret" not in str(refused.value)
    assert read(webhook_auth_header_value="env:HOOK_KEY").webhook_auth_header_value == "env:HOOK_KEY"


def test_cells_of_a_csv_give_lists_and_maps():
    recording = read(redact_pii_policies="person_name, phone_number", metadata='{"team": "blue"}')
    assert recording.policies == ("person_name", "phone_number")
    assert recording.metadata == {"team": "blue"}


def test_maps_of_a_parquet_file_come_as_pairs():
    assert read(metadata=[("team", "blue")]).metadata == {"team": "blue"}


@pytest.mark.parametrize("key", sorted(set(ManifestLine.model_fields) - {"redact_pii"}))
@given(value=st.one_of(st.just("4111 1111 zebra"), st.integers(10**9, 10**10), st.lists(st.just("zebra quagga"))))
def test_no_error_repeats_a_value(key: str, value: object):
    try:
        read(**{key: value})
    except ManifestLineError as error:
        # Policies are named back: they are the catalogue's words or a typo of them.
        if key != "redact_pii_policies":
            assert "zebra" not in str(error)
            assert str(value) not in str(error)


def test_derived_ids_are_stable_and_differ_between_urls():
    assert derived_id("calls/a b.wav") == derived_id("calls/a b.wav")
    assert derived_id("calls/a b.wav") != derived_id("other/a b.wav")
    assert derived_id("calls/a b.wav").startswith("a-b-")
