"""Locations of published files: only names inside the root, and only of the recording's own outputs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.transforms.archive.published_files import (
    audio_url,
    files_of,
    json_name,
    own_audio_name,
    own_audio_url,
    relative_audio_url,
)
from hushbeam.transforms.storage.urls import safe_name

IDENTITY = "0123456789ab" + "c" * 52
NAME = "call-1.0123456789ab.wav"
PAGE = Path(__file__).parents[3] / "docs/data.md"


@pytest.mark.parametrize("root", ["/out", "gs://bucket/out", "s3://other", "https://example.org/x", "", "."])
def test_only_the_file_name_of_a_url_counts(root: str) -> None:
    assert own_audio_url("/here", "call-1", IDENTITY, f"{root}/audio/{NAME}") == f"/here/audio/{NAME}"
    assert relative_audio_url(f"{root}/audio/{NAME}") == f"audio/{NAME}"


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "/",
        "..",
        "/out/audio/..",
        "/out/audio/",
        "/out/audio/call-2.0123456789ab.wav",
        "/out/audio/call-1.0123456789ac.wav",
        "/out/audio/call-1.0123456789ab",
        "/out/audio/call-1.0123456789ab.",
        "/out/audio/call-1.0123456789ab.wav/",
        "/out/audio/call-1.0123456789ab.wav/..",
        "/out/audio/call-1.0123456789ab.wav\n",
        "/out/audio/call-1.0123456789ab.wav?x=/y",
        "/out/audio/call-1.0123456789ab.wav%2f..%2f..%2fetc%2fpasswd",
        "/out/audio/call-1.0123456789ab.wav\\..\\x",
        "/out/audio/call-1.0123456789ab.wav\0",
        "/out/audio/%63all-1.0123456789ab.wav",
        "/out/audio/call-1.0123456789ab.wàv",
        "/out/audio/call-1.0123456789ab..",
        "/out/audio/call-1.0123456789ab.wav.json",
        "/out/audio/.call-1.0123456789ab.wav",
        "/etc/passwd",
        "file:///etc/passwd",
    ],
)
def test_names_of_other_outputs_are_refused(url: str | None) -> None:
    assert own_audio_name("call-1", IDENTITY, url) is None


@given(st.text(min_size=1), st.text())
def test_a_relocated_url_is_in_the_audio_folder_and_of_the_recording(recording_id: str, url: str) -> None:
    for candidate in (url, f"{url}/{safe_name(recording_id)}.{IDENTITY[:12]}.wav", f"{url}.0123456789ab.wav"):
        found = own_audio_url("/here", recording_id, IDENTITY, candidate)
        if found is not None:
            assert Path(found).parent == Path("/here/audio")
            assert found == audio_url("/here", recording_id, IDENTITY, Path(found).suffix)


def test_files_of_a_recording_include_no_others(tmp_path: Path) -> None:
    own = {"audio/a.0123456789ab.wav", "audio/a.ffffffffffff.mp3", "captions/a.0123456789ab.srt"}
    others = {"audio/a.b.0123456789ab.wav", "audio/aa.0123456789ab.wav", "audio/a.wav", "audio/a/a.0123456789ab.wav"}
    for name in own | others:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert set(files_of(str(tmp_path), "a")) == {f"{tmp_path}/{name}" for name in own}


def test_the_page_says_how_an_id_becomes_a_file_name() -> None:
    text = PAGE.read_text()
    (shown,) = re.findall(r"^```python\n(import hashlib\n.*?)^```", text, re.MULTILINE | re.DOTALL)
    declared: dict[str, Any] = {}
    exec(shown, declared)
    examples = re.findall(r'^name_in_files\("(.*)"\)  # (.*)$', shown, re.MULTILINE)
    assert len(examples) == 3
    for recording_id, name in examples:
        assert declared["name_in_files"](recording_id) == name == safe_name(recording_id)
    (recording_id, name) = re.findall(r"The status of (.*): status/(.*)", shown)[0]
    assert json_name(recording_id) == name
    for recording_id in (
        "x" * 128,
        "x" * 129,
        "a/b/../c",
        "/abs",
        ".hidden",
        "a.b_c-",
        "-- a --",
        "通話 1",
        "a\nb",
        "~",
    ):
        assert declared["name_in_files"](recording_id) == safe_name(recording_id)
