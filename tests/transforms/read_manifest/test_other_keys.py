"""Keys that are not Hushbeam's own: AssemblyAI's other parameters, and columns for `metadata`."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.schemas.recording import Recording
from hushbeam.transforms.read_manifest.line import (
    ManifestDefaults,
    ManifestLine,
    ManifestLineError,
    UnknownKeyError,
    UnsupportedKeyError,
    known_id,
    read_line,
)
from hushbeam.transforms.read_manifest.other_keys import IGNORED, UNSUPPORTED, sort_keys

MANIFEST = "/calls/night.jsonl"

# As AssemblyAI's Python SDK 0.5x writes it, with every parameter that its OpenAPI description names.
WHOLE_REQUEST = {
    "audio_url": "a.wav",
    "audio_end_at": None,
    "audio_start_from": 0,
    "auto_chapters": True,
    "auto_highlights": True,
    "content_safety": True,
    "content_safety_confidence": 60,
    "custom_spelling": [{"from": ["decarlo"], "to": "DeCarlo"}],
    "disfluencies": False,
    "entity_detection": True,
    "filter_profanity": True,
    "format_text": True,
    "iab_categories": True,
    "keyterms_prompt": ["Hushbeam"],
    "language_code": "en_us",
    "language_confidence_threshold": 0.7,
    "language_detection": False,
    "language_detection_options": {"expected_languages": ["en"]},
    "multichannel": True,
    "prompt": "Transcribe.",
    "punctuate": True,
    "redact_pii": True,
    "redact_pii_audio": True,
    "redact_pii_audio_quality": "mp3",
    "redact_pii_policies": ["person_name"],
    "redact_pii_return_unredacted": False,
    "redact_pii_sub": "hash",
    "sentiment_analysis": True,
    "speaker_labels": True,
    "speaker_options": {"min_speakers_expected": 2},
    "speakers_expected": 2,
    "speech_models": ["universal"],
    "speech_threshold": 0.5,
    "speech_understanding": {"request": {}},
    "summarization": True,
    "summary_model": "informative",
    "summary_type": "bullets",
    "temperature": 0.0,
    "webhook_url": "https://example.com/hook",
    "word_boost": [],
}


def read(columns: tuple[str, ...] = (), /, **values: object) -> Recording:
    return read_line({"audio_url": "a.wav", **values}, ManifestDefaults(metadata_columns=columns), MANIFEST, 7)


def test_a_whole_request_of_assemblyai_is_a_valid_line_and_tells_which_keys_had_no_effect() -> None:
    recording = read(**WHOLE_REQUEST)
    assert (recording.policies, recording.language_code) == (("person_name",), "en")
    asked = {"auto_chapters", "speaker_labels", "punctuate", "keyterms_prompt", "speech_models"}
    assert asked <= set(recording.ignored_keys)
    assert {"disfluencies", "word_boost", "temperature"}.isdisjoint(recording.ignored_keys), "they ask for nothing"
    assert set(recording.ignored_keys) <= IGNORED


@pytest.mark.parametrize("key", sorted(UNSUPPORTED))
def test_what_would_change_the_published_recording_is_refused_with_what_to_do(key: str) -> None:
    with pytest.raises(UnsupportedKeyError, match=rf"^{key} is not supported: .*remove the key"):
        read(**{key: 4321})
    assert read(**{key: 0}).ignored_keys == read(**{key: "false"}).ignored_keys == ()


def test_the_earlier_name_of_multichannel_counts() -> None:
    assert read(dual_channel=False).multichannel is False
    assert read(dual_channel=True, multichannel=False).multichannel is False


def test_a_misspelt_parameter_of_assemblyai_is_an_error_with_its_name() -> None:
    with pytest.raises(UnknownKeyError, match="did you mean 'speaker_labels'"):
        read(speaker_label=True)


@pytest.mark.parametrize("code", ["en_us", "en-US", "EN", "en_uk"])
def test_a_language_with_a_region_is_its_language_for_lines_and_defaults(code: str) -> None:
    assert read(language_code=code).language_code == "en"
    assert ManifestDefaults(language_code=code).language_code == "en"


def test_named_columns_go_into_the_metadata_as_text() -> None:
    recording = read(("agent", "calls"), agent="Kim", calls=3, metadata={"team": "blue"})
    assert recording.metadata == {"agent": "Kim", "calls": "3", "team": "blue"}
    with pytest.raises(UnknownKeyError, match=r"keys 2 and 3 of the line; --metadata_columns copies"):
        read(agent="Kim", calls=3)
    with pytest.raises(UnknownKeyError, match=r"did you mean 'custom_spelling'\? --metadata_columns copies"):
        read(customer_segment="gold")
    with pytest.raises(UnknownKeyError, match=r"did you mean 'redact_pii'\?$"):
        read(redact_pi=True)


def test_all_columns_are_those_that_look_like_no_key() -> None:
    recording = read(("*",), agent="Kim", vip=True, rate=1.5, empty=None, tags=["a"])
    assert recording.metadata == {"agent": "Kim", "vip": "true", "rate": "1.5", "tags": '["a"]'}
    with pytest.raises(UnknownKeyError, match="did you mean 'redact_pii_policies'"):
        read(("*",), redact_pii_polices=["date"])
    assert read(("*", "redact_pii_polices"), redact_pii_polices="date").metadata == {"redact_pii_polices": "date"}


@pytest.mark.parametrize(
    "name",
    ["policies", "pii_policies", "redact", "Redact Words", "piiRedaction", "entities", "language", "dual-channel"],
)
def test_a_column_whose_name_is_about_redaction_must_be_named(name: str) -> None:
    with pytest.raises(UnknownKeyError):
        read(("*",), **{name: "date"})
    assert read(("*", name), **{name: "date"}).metadata == {name: "date"}
    assert read(("*",), policy_number="7", channel="phone").metadata == {"policy_number": "7", "channel": "phone"}


def test_a_column_and_an_entry_of_one_name_are_refused() -> None:
    with pytest.raises(ManifestLineError, match="--metadata_columns"):
        read(("team",), team="red", metadata={"team": "blue"})


def test_columns_are_named_one_by_one_or_with_commas() -> None:
    for given_ in ("a,b", ["a, b"], ("a", "b")):
        assert ManifestDefaults.model_validate({"metadata_columns": given_}).metadata_columns == ("a", "b")


def test_all_unknown_policies_of_a_line_are_told() -> None:
    with pytest.raises(ManifestLineError) as refused:
        read(redact_pii_policies=["person_nmae", "date", "credit_card_numbr"])
    told = str(refused.value)
    assert "Policy 1 of redact_pii_policies is unknown. Did you mean person_name" in told
    assert "Policy 3 of redact_pii_policies is unknown. Did you mean credit_card_number" in told
    assert "PERSON" not in told


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"redact_pii_sub": "entity"}, "redact_pii_sub: expected hash, entity_name, mask, numbered or surrogate"),
        ({"multichannel": "perhaps"}, "multichannel: expected true or false"),
        ({"redact_pii_policies": {"a": 1}}, 'redact_pii_policies: expected a list of names, such as ["person_name"]'),
        ({"metadata": {"a": 1}}, "metadata, entry 1: expected text; put numbers in quotes"),
        ({"metadata": 5}, 'metadata: expected a map, such as {"NAME": "TEXT"}'),
        ({"recording_id": 5}, "recording_id: expected text"),
        ({"recording_id": "x" * 513}, "recording_id: is longer than 512 characters"),
        ({"language_code": "klingon"}, "language_code: expected one of 187 language codes, such as en or en_us"),
    ],
)
def test_messages_say_what_is_expected_in_our_own_words(values: dict[str, object], expected: str) -> None:
    with pytest.raises(ManifestLineError) as refused:
        read(**values)
    assert str(refused.value) == expected


_WRONG = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4))


@given(
    st.sampled_from(sorted(ManifestLine.model_fields)),
    st.recursive(_WRONG, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2)),
)
def test_no_message_uses_words_of_a_library(key: str, value: object) -> None:
    try:
        read(**{key: value})
    except ManifestLineError as error:
        told = str(error).lower()
        assert not [
            word for word in ("input should", "extra inputs", "tuple", "value error", "pydantic") if word in told
        ]


@given(
    st.dictionaries(st.text(max_size=12) | st.sampled_from(sorted(IGNORED)), _WRONG, max_size=6),
    st.lists(st.text(max_size=12) | st.just("*"), max_size=3),
)
def test_every_key_of_a_line_goes_to_one_place(values: dict[str, object], columns: list[str]) -> None:
    keys = sort_keys(values, ManifestLine.model_fields, columns)
    places = [*keys.own, *keys.columns, *keys.ignored, *keys.unsupported]
    assert len(places) == len(set(places))
    assert set(places) <= set(values) | {"multichannel"}
    assert not set(keys.columns) & set(ManifestLine.model_fields)
    assert all(isinstance(text, str) for text in keys.columns.values())
    lost = [
        key for key, value in values.items() if value not in (None, "") and key not in places and key not in IGNORED
    ]
    assert lost == []


def test_the_id_of_an_invalid_line_is_known_from_itself_or_its_url() -> None:
    assert known_id({"recording_id": "a", "zebra": 1}, MANIFEST) == "a"
    assert (
        known_id({"audio_url": "b.wav"}, MANIFEST)
        == read_line({"audio_url": "b.wav"}, ManifestDefaults(), MANIFEST, 1).recording_id
    )
    for unusable in ({}, {"recording_id": 7}, {"recording_id": "x" * 600}, {"audio_url": "ftp://x/Jane.wav"}):
        assert known_id(unusable, MANIFEST) is None


@given(st.dictionaries(st.sampled_from(["recording_id", "audio_url"]), _WRONG | st.just("\ud800"), max_size=2))
def test_an_id_that_is_known_can_be_written(values: dict[str, object]) -> None:
    known = known_id(values, MANIFEST)
    assert known is None or json.dumps(known, ensure_ascii=False).encode()
