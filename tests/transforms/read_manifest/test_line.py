"""Manifest lines and their error messages. Plain functions."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.schemas.recording import Recording
from hushbeam.transforms.read_manifest.line import (
    ManifestDefaults,
    ManifestLine,
    ManifestLineError,
    UnknownKeyError,
    UnknownPolicyInLineError,
    UnsupportedKeyError,
    derived_id,
    read_line,
)

MANIFEST = "/calls/night.jsonl"


def read(**values: object) -> Recording:
    return read_line({"audio_url": "a.wav", **values}, ManifestDefaults(), MANIFEST, 7)


def test_a_request_body_of_the_seed_api_is_a_valid_line() -> None:
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


def test_a_relative_url_starts_from_the_manifests_folder() -> None:
    assert read().audio_url == "/calls/a.wav"
    assert read(audio_url="gs://bucket/b.wav").audio_url == "gs://bucket/b.wav"


def test_a_transcript_is_located_like_the_audio_and_errors_name_its_key() -> None:
    assert read().transcript_url is None
    assert read(transcript_url="a.json").transcript_url == "/calls/a.json"
    assert read(transcript_url="s3://bucket/a.json").transcript_url == "s3://bucket/a.json"
    with pytest.raises(ManifestLineError, match=r"^transcript_url: ") as refused:
        read(transcript_url="ftp://example.com/zebra.json")
    assert "zebra" not in str(refused.value)
    with pytest.raises(ManifestLineError, match=r"^transcript_url: "):
        read(transcript_url=["a.json"])


def test_a_web_url_is_kept_with_its_query_and_neither_its_id_nor_its_public_form_has_it() -> None:
    nights = [read(audio_url=f"HTTPS://Bucket.example/calls/Call%207.wav?sig={night}#t=1") for night in "ab"]
    assert [night.audio_url for night in nights] == [
        "https://bucket.example/calls/Call%207.wav?sig=a",
        "https://bucket.example/calls/Call%207.wav?sig=b",
    ]
    assert {night.public_url for night in nights} == {"https://bucket.example/calls/Call%207.wav"}
    assert len({night.recording_id for night in nights}) == 1
    assert nights[0].recording_id.startswith("Call-207-")


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("Gespräch mit Frau Weiß", "Gesprach-mit-Frau-Weiss-"),
        ("Gespra\u0308ch", "Gesprach-"),
        ("año_señora.2", "ano_senora.2-"),
        ("Œuvre été", "Oeuvre-ete-"),
        ("Søren Łukasz Đorđe Þór ışık", "Soren-Lukasz-Dorde-Thor-isik-"),
        ("通話 1", "1-"),
        ("…", "recording-"),
    ],
)
def test_an_id_from_a_file_name_has_its_letters_without_accents(name: str, start: str) -> None:
    recording_id = read(audio_url=f"{name}.wav").recording_id
    assert re.fullmatch(re.escape(start) + "[0-9a-f]{10}", recording_id), recording_id


@pytest.mark.parametrize(
    "url", ["https://user:siskin@host.example/a.wav", "https://host example/a.wav", "https:///siskin.wav", "https://"]
)
def test_a_web_url_that_is_not_valid_or_has_credentials_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ManifestLineError, match=r"^audio_url: the URL ") as refused:
        read(audio_url=url)
    assert "siskin" not in str(refused.value)


@pytest.mark.parametrize("no_policies", [[], (), frozenset(), {}.keys(), "[]"])
def test_a_line_without_policies_is_refused_whatever_holds_them(no_policies: object) -> None:
    with pytest.raises(ManifestLineError, match="redact_pii_policies is empty"):
        read(redact_pii_policies=no_policies)


@pytest.mark.parametrize("policies", [["phone", "nosuch"], ("phone", "nosuch"), iter(["phone", "nosuch"])])
def test_an_unknown_policy_is_refused_whatever_holds_it(policies: object) -> None:
    with pytest.raises(UnknownPolicyInLineError, match="Policy 2 of redact_pii_policies is unknown"):
        read(redact_pii_policies=policies)


def test_the_seed_apis_beep_is_a_tone() -> None:
    assert read(redact_pii_audio_options={"override_audio_redaction_method": "beep"}).muting == "tone"


def test_an_unknown_key_is_refused_by_its_place_with_the_nearest_known_one() -> None:
    with pytest.raises(UnknownKeyError, match=r"key 3 of the line; did you mean 'redact_pii_audio'") as refused:
        read(recording_id="a", redact_pii_audoi=True)
    assert "audoi" not in str(refused.value)


def test_all_that_is_wrong_with_a_line_is_told_at_once_and_each_with_what_it_may_stand_for() -> None:
    with pytest.raises(UnknownKeyError) as refused:
        read(
            redact_pii_policies=["persn_name", "date", "credit_crd_number"],
            language_code="englsh",
            redact_pii_sub="entty",
            lanugage_code="en",
            redact_pii_audoi=True,
        )
    assert str(refused.value) == (
        "Unknown keys: keys 5 and 6 of the line; did you mean 'language_code' (5) and 'redact_pii_audio' (6)? "
        "redact_pii_sub: expected hash, entity_name, mask, numbered or surrogate. "
        "language_code: expected one of 187 language codes, such as en or en_us; did you mean en? "
        "Policy 1 of redact_pii_policies is unknown. Did you mean person_name or person_age or username? "
        "Policy 3 of redact_pii_policies is unknown. Did you mean credit_card_number?"
    )


def test_a_line_that_asks_for_several_things_that_a_job_does_not_do_is_told_all_of_them() -> None:
    with pytest.raises(UnsupportedKeyError) as refused:
        read(
            audio_start_from=10,
            audio_end_at=20,
            redact_pii=False,
            language_code="en",
            language_detection=True,
            redact_pii_policies="persn_name",
        )
    said = str(refused.value)
    assert said.startswith("audio_start_from is not supported: ")
    assert "or remove the key. audio_end_at is not supported: " in said
    assert "or the key. language_code and language_detection exclude each other; remove one. Policy 1 of" in said


def test_a_misspelt_key_is_not_also_told_as_a_missing_one_but_another_is() -> None:
    with pytest.raises(UnknownKeyError, match=r"^Unknown key: key 1 of the line; did you mean 'audio_url'\?$"):
        read_line({"audoi_url": "a.wav"}, ManifestDefaults(), MANIFEST, 7)
    with pytest.raises(
        UnknownKeyError, match=r"did you mean 'language_code'\? audio_url is missing; every line needs it$"
    ):
        read_line({"languag_code": "en"}, ManifestDefaults(), MANIFEST, 7)


def test_a_line_with_a_hundred_errors_has_a_short_message() -> None:
    with pytest.raises(ManifestLineError) as refused:
        read(metadata={f"zebra-{number}": number for number in range(100)})
    assert str(refused.value).startswith("metadata, entry 1: expected text; put numbers in quotes. metadata, entry 2: ")
    assert str(refused.value).endswith(
        "metadata, entry 10: expected text; put numbers in quotes. 90 more errors in this line"
    )
    with pytest.raises(UnknownKeyError) as unknown:
        read(**{f"languag_cod{number}": "en" for number in range(19)})
    assert str(unknown.value).count("language_code") == 10


def test_an_unknown_policy_is_refused_by_its_place() -> None:
    with pytest.raises(UnknownPolicyInLineError, match=r"Policy 2 of redact_pii_policies.*person_name") as refused:
        read(redact_pii_policies=["date", "person_nam"])
    assert "person_nam " not in str(refused.value)


@pytest.mark.parametrize(
    ("values", "place"),
    [
        ({"call-ZEBRA-QUAGGA": "a.wav"}, "key 2 of the line"),
        ({"redact_pii_audio_options": {"return_redacted_no_speech_audio": True, "zebra": 1}}, "key 2 of redact_pii_au"),
        ({"redact_pii_audio_options": {"override_audio_redaction_method": "zebra"}}, "override_audio_redaction_method"),
        ({"redact_static_entities": {"TOOL": ["a"], "zebra": "b"}}, "redact_static_entities, entry 2"),
        ({"redact_static_entities": {"zebra": [7]}}, "redact_static_entities, entry 1"),
        ({"redact_static_entities": [("TOOL", ["a"]), ("zebra", [7])]}, "redact_static_entities, entry 2"),
        ({"metadata": {"zebra": {}}}, "metadata, entry 1"),
        ({"metadata": '{"a": "b", "zebra": 1}'}, "metadata, entry 2"),
        ({"metadata": '{"zebra": 1, "zebra": 2}'}, "metadata: contains a key twice"),
        ({"metadata": [("zebra", "1"), ("zebra", "2")]}, "metadata: contains a key twice"),
        ({"metadata": '{"zebra": NaN}'}, "NaN"),
        ({"metadata": "{zebra"}, "metadata: not valid JSON"),
        ({"metadata": [("zebra", 4155551234), (4155551234, "7")]}, "metadata, entry 1"),
        ({"metadata": {4155551234: "7"}}, "metadata, entry 1"),
        ({"metadata": [["a", "b"], [True, "zebra"]]}, "metadata, entry 2"),
        ({"redact_pii_audio_options": [[True, "zebra"]]}, "redact_pii_audio_options, entry 1"),
        ({"redact_static_entities": [[1.5, ["zebra"]], ["a", ["b"]]]}, "redact_static_entities, entry 1"),
        ({"redact_pii_policies": ["date", 4155551234]}, "redact_pii_policies, entry 2"),
        ({"redact_pii_policies": ["zebra"]}, "Policy 1 of redact_pii_policies"),
        ({"redact_pii_policies": '["date", "zebra'}, "redact_pii_policies: not valid JSON"),
        ({"language_code": "zebra"}, "language_code"),
        ({"language_code": "en-zebra"}, "language_code"),
        ({"language_code": "zb"}, "language_code"),
        ({"audio_url": "zebra://a.wav"}, "a URL of this scheme"),
        ({"audio_url": "ftp://zebra/a.wav"}, "ftp://"),
        ({"audio_url": "gs:///zebra"}, "bucket"),
        ({"audio_url": "gs://zebra/../../a"}, "bucket"),
        ({"audio_url": "zebra\0"}, "NUL"),
        ({"recording_id": "zebra" * 200}, "recording_id"),
        ({"redact_pii_sub": "zebra"}, "redact_pii_sub"),
        ({"multichannel": "zebra"}, "multichannel"),
        ({"webhook_auth_header_value": "zebra"}, "webhook_auth_header_value"),
    ],
)
def test_what_is_not_ours_is_named_by_its_place(values: dict[str, object], place: str) -> None:
    with pytest.raises(ManifestLineError) as refused:
        read_line({"audio_url": "a.wav", **values}, ManifestDefaults(), MANIFEST, 7)
    said = str(refused.value)
    assert place in said
    assert not {word for word in ("zebra", "quagga", "4155551234", "zb") if word in said.lower()}


def test_a_line_that_asks_for_no_redaction_is_refused() -> None:
    with pytest.raises(ManifestLineError, match="redact_pii"):
        read(redact_pii=False)


def test_an_empty_list_of_policies_is_refused() -> None:
    with pytest.raises(ManifestLineError, match="empty"):
        read(redact_pii_policies=[])


def test_a_secret_in_the_line_is_refused_and_a_reference_is_kept() -> None:
    with pytest.raises(ManifestLineError, match="env:NAME") as refused:
        read(webhook_auth_header_value="tops3cret")
    assert "tops3cret" not in str(refused.value)
    assert read(webhook_auth_header_value="env:HOOK_KEY").webhook_auth_header_value == "env:HOOK_KEY"


def test_cells_of_a_csv_give_lists_and_maps() -> None:
    recording = read(redact_pii_policies="person_name, phone_number", metadata='{"team": "blue"}')
    assert recording.policies == ("person_name", "phone_number")
    assert recording.metadata == {"team": "blue"}


def test_maps_of_a_parquet_file_come_as_pairs() -> None:
    assert read(metadata=[("team", "blue")]).metadata == {"team": "blue"}


def test_a_structure_of_a_parquet_file_has_keys_without_values() -> None:
    assert read(metadata={"team": "blue", "shift": None}).metadata == {"team": "blue"}
    assert read(redact_static_entities={"A": None, "B": ["b"]}).static_entities == {"B": ("b",)}


_NO_JSON_KEYS = st.none() | st.booleans() | st.floats() | st.integers() | st.just("zebra")


@given(
    st.sampled_from(["metadata", "redact_static_entities", "redact_pii_audio_options"]),
    st.lists(st.tuples(_NO_JSON_KEYS, st.none() | st.just("zebra") | st.lists(_NO_JSON_KEYS)).map(list), max_size=3),
)
def test_pairs_of_whatever_keys_are_a_map_or_an_error_of_their_line(key: str, pairs: list[object]) -> None:
    try:
        read(**{key: pairs})
    except ManifestLineError as error:
        assert "zebra" not in str(error)


@pytest.mark.parametrize("key", sorted(set(ManifestLine.model_fields) - {"redact_pii"}))
@given(value=st.one_of(st.just("4111 1111 zebra"), st.integers(10**9, 10**10), st.lists(st.just("zebra quagga"))))
def test_no_error_repeats_a_value(key: str, value: object) -> None:
    try:
        read(**{key: value})
    except ManifestLineError as error:
        assert "zebra" not in str(error)
        assert str(value) not in str(error)


@given(
    st.dictionaries(
        st.sampled_from([*ManifestLine.model_fields, "zebra", "Zebra.wav"]),
        st.recursive(
            st.sampled_from(["zebra", '{"zebra": "zebra"}', '["zebra"', "zebra://zebra", "zebra, zebra"]),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just("zebra"), inner, max_size=2),
            max_leaves=4,
        ),
        max_size=4,
    )
)
def test_no_error_says_anything_of_a_line(values: dict[str, object]) -> None:
    try:
        read_line(values, ManifestDefaults(), MANIFEST, 7)
    except ManifestLineError as error:
        assert "zebra" not in str(error).lower()


def test_derived_ids_are_stable_and_differ_between_urls() -> None:
    assert derived_id("calls/a b.wav") == derived_id("calls/a b.wav")
    assert derived_id("calls/a b.wav") != derived_id("other/a b.wav")
    assert derived_id("calls/a b.wav").startswith("a-b-")
