"""Arithmetic of paths and URLs: plain functions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.transforms.storage import urls
from hushbeam.transforms.storage.errors import StorageError


@pytest.mark.parametrize(
    ("base", "reference", "expected"),
    [
        ("/data/calls.jsonl", "audio/a.wav", "/data/audio/a.wav"),
        ("/data/calls.jsonl", "../a.wav", "/a.wav"),
        ("/data/calls.jsonl", "/other/a.wav", "/other/a.wav"),
        ("/data/calls.jsonl", "gs://bucket/a.wav", "gs://bucket/a.wav"),
        ("/data/calls.jsonl", "gcs://bucket/a.wav", "gs://bucket/a.wav"),
        ("file:///data/a%20b/calls.jsonl", "a%20b.wav", "/data/a b/a%20b.wav"),
        ("gs://bucket/day/calls.jsonl", "audio/a.wav", "gs://bucket/day/audio/a.wav"),
        ("gs://bucket/day/calls.jsonl", "../a.wav", "gs://bucket/a.wav"),
        ("gs://bucket/calls.jsonl", "a.wav", "gs://bucket/a.wav"),
        ("gs://bucket/calls.jsonl", "/data/a.wav", "/data/a.wav"),
        ("s3a://bucket/calls.jsonl", "./a//b?.wav", "s3://bucket/a/b?.wav"),
        ("abfss://calls/night.jsonl", "a.wav", "az://calls/a.wav"),
    ],
)
def test_references_resolve_against_the_file_that_they_stand_in(base: str, reference: str, expected: str) -> None:
    assert urls.resolve(base, reference) == expected


def test_a_relative_base_is_relative_to_the_working_folder() -> None:
    assert urls.resolve("calls.jsonl", "a.wav") == str(Path.cwd() / "a.wav")


def test_the_key_of_an_object_stays_as_it_is() -> None:
    assert urls.normalised("gs://bucket/a//b.wav") == "gs://bucket/a//b.wav"
    assert urls.normalised("gs://bucket/") == "gs://bucket"


@pytest.mark.parametrize(
    "reference", ["../../a.wav", "a/../../../b", "gs://bucket/../other/a.wav", "gs://../a", "gs://"]
)
def test_a_reference_cannot_leave_its_bucket(reference: str) -> None:
    with pytest.raises(StorageError):
        urls.resolve("gs://bucket/day/calls.jsonl", reference)


@pytest.mark.parametrize("part", ["", "..", "a/../b", "/etc/passwd"])
def test_join_refuses_parts_that_lead_elsewhere(part: str) -> None:
    with pytest.raises(ValueError, match="part"):
        urls.join("/out", part)


def test_within_goes_by_folders_not_by_letters() -> None:
    assert urls.is_within("gs://bucket/out/raw", "gs://bucket/out")
    assert urls.is_within("/data/out/../out", "/data/out")
    assert not urls.is_within("/data/output", "/data/out")
    assert urls.is_within("/data", "/")


def test_display_leaves_out_credentials_and_query() -> None:
    assert urls.display("s3://key:secret@bucket/a.wav?X-Amz-Signature=1#x") == "s3://bucket/a.wav"
    assert urls.display("/data/what?.jsonl") == "/data/what?.jsonl"
    assert urls.display("https://[host/a.wav?sig=1") == "https://…"  # its parts cannot be told apart


def test_extension() -> None:
    assert urls.extension("gs://bucket/day.1/A.WAV") == ".wav"
    assert urls.extension("gs://bucket/day.1/call") == ""


@pytest.mark.parametrize("recording_id", ["call-01", "a.b_c", "x" * 128, "0"])
def test_an_id_that_can_be_a_name_is_its_name(recording_id: str) -> None:
    assert urls.safe_name(recording_id) == recording_id


@pytest.mark.parametrize(
    "recording_id",
    [
        "",
        ".",
        "..",
        "../../etc/passwd",
        "/etc/passwd",
        "a\0b",
        ".hidden",
        "x" * 129,
        "ﬁle",
        "a b",
        "a~b",
        "\ud800",
        "CON:",
    ],
)
def test_other_ids_get_a_name_that_stays_in_its_folder(recording_id: str) -> None:
    name = urls.safe_name(recording_id)
    assert re.fullmatch(r"[A-Za-z0-9_-]*~[0-9a-f]{20}", name)
    assert urls.normalised(urls.join("/out/status", f"{name}.json")) == f"/out/status/{name}.json"


@given(st.lists(st.text(alphabet=st.sampled_from("ab/.~-_ é\0"), max_size=6), unique=True, min_size=2, max_size=30))
def test_different_ids_have_different_names(recording_ids: list[str]) -> None:
    assert len({urls.safe_name(recording_id) for recording_id in recording_ids}) == len(recording_ids)


@given(st.text(max_size=40))
def test_every_location_is_normalised_or_refused(location: str) -> None:
    try:
        normalised = urls.normalised(location)
    except StorageError:
        return
    assert urls.normalised(normalised) == normalised


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("gs://bucket/day/a//b.wav", ("bucket", "day/a//b.wav")),
        ("s3://bucket/a.wav", ("bucket", "a.wav")),
        ("gs://bucket", ("bucket", "")),
    ],
)
def test_a_store_url_has_a_bucket_and_a_key(url: str, expected: tuple[str, str]) -> None:
    assert urls.bucket_and_key(url) == expected


@pytest.mark.parametrize("root", ["/out", "/", "gs://bucket", "s3://bucket/out"])
def test_relative_is_the_inverse_of_join(root: str) -> None:
    assert urls.relative(urls.join(root, "audio", "a.wav"), root) == "audio/a.wav"
