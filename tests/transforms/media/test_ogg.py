"""Ogg pages of files by other libraries (functions, real files)."""

from __future__ import annotations

from pathlib import Path

from hushbeam.transforms.media import ogg
from tests.transforms.media.recordings import LOSSY

VORBIS = next(recipe for recipe in LOSSY if recipe.name == "vorbis.ogg")


def test_the_checksum_is_that_of_other_libraries(tmp_path: Path) -> None:
    content = bytearray(VORBIS.write(tmp_path).read_bytes())
    page = content[: content.index(b"OggS", 4)]
    stored = int.from_bytes(page[22:26], "little")
    page[22:26] = bytes(4)
    assert ogg.checksum(page) == stored


def test_settled_files_of_the_same_audio_are_equal_whatever_their_serial_number(tmp_path: Path) -> None:
    one = VORBIS.write(tmp_path)
    other = tmp_path / "other.ogg"
    other.write_bytes(one.read_bytes().replace(one.read_bytes()[14:18], b"\x99\x88\x77\x66"))
    ogg.settle(one, 48_000)
    ogg.settle(other, 48_000)
    assert one.read_bytes() == other.read_bytes()


def test_a_page_ends_where_the_sizes_of_its_segments_say(tmp_path: Path) -> None:
    content = VORBIS.write(tmp_path).read_bytes()
    last = content.rindex(b"OggS")
    assert ogg.page_end(content, 0) == content.index(b"OggS", 4)
    assert ogg.page_end(content, last) == len(content)
    assert ogg.page_end(content[:-1], last) is None
    assert ogg.page_end(content[: last + 20], last) is None
    assert ogg.page_end(content, -1) is None
