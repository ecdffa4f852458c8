"""Containers are recognised by content; files that make FFmpeg open other files are refused (functions)."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.transforms.media.containers import LARGEST_TAG, Container, recognise
from hushbeam.transforms.media.errors import MediaError
from tests.transforms.media.recordings import EXACT, LOSSY, VIDEO, VIDEO_ELSEWHERE, Recipe


@pytest.mark.parametrize("recipe", [*EXACT[:8:3], *LOSSY[::3], *VIDEO[:2], VIDEO_ELSEWHERE[2]], ids=lambda r: r.name)
def test_a_format_is_found_whatever_the_file_is_called(tmp_path: Path, recipe: Recipe) -> None:
    right = recognise(recipe.write(tmp_path).open("rb"))
    misnamed = (tmp_path / recipe.name).rename(tmp_path / "holiday.jpg")
    with misnamed.open("rb") as file:
        assert recognise(file) == right
        assert file.tell() == 0


@pytest.mark.parametrize(
    "content",
    [
        b"ffconcat version 1.0\nfile secret.wav\n",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9,\nhttp://192.0.2.1/1.ts\n#EXT-X-ENDLIST\n",
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=audio 5004 RTP/AVP 0\n",
        b"<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011'></MPD>",
        b"",
        b"RIFF\x00\x00\x00\x00WEBP",
        b"\xff\xd8\xff\xe0\x00\x10JFIF",
    ],
    ids=["ffconcat", "hls", "sdp", "dash", "empty", "webp", "jpeg"],
)
def test_playlists_scripts_and_pictures_are_refused(content: bytes) -> None:
    with pytest.raises(MediaError) as refused:
        recognise(io.BytesIO(content))
    assert refused.value.reason == "unsupported"


@pytest.mark.parametrize("content", [b"", b"ID3\x04\x00\x00\x00\x00\x02\x00" + bytes(256)])
def test_a_file_without_content_is_told_from_one_of_another_kind(content: bytes) -> None:
    with pytest.raises(MediaError, match="the file is empty, or ends before its audio: copy it again"):
        recognise(io.BytesIO(content))


def test_a_tag_before_the_audio_is_skipped() -> None:
    tag = b"ID3\x04\x00\x00\x00\x00\x02\x00" + bytes(256)
    assert recognise(io.BytesIO(tag + tag + b"fLaC" + bytes(40))).name == "flac"


def test_a_tag_without_end_is_refused() -> None:
    endless = b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f"

    class Endless(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return endless

    assert LARGEST_TAG < 2**28
    with pytest.raises(MediaError):
        recognise(Endless())


@given(st.binary(max_size=600))
def test_any_bytes_are_a_container_or_refused(content: bytes) -> None:
    try:
        found = recognise(io.BytesIO(content))
    except MediaError as refused:
        assert refused.reason == "unsupported"
    else:
        assert isinstance(found, Container)
