"""Stated sizes of files, structure by structure; any bytes give a result or an error (functions, hypothesis)."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hushbeam.transforms.media.completeness.check import CHECKED, check_complete
from hushbeam.transforms.media.completeness.headers import mp3_counts, mpeg_frame_bytes
from hushbeam.transforms.media.containers import recognise
from hushbeam.transforms.media.decode import Decoder
from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.source_file import FEW_READS, Length, Source
from hushbeam.transforms.media.track_decoder import TrackDecoder
from tests.transforms.media.completeness import written
from tests.transforms.media.recordings import EXACT, LOSSY, READ_ONLY, VIDEO, VIDEO_ELSEWHERE

BY_NAME = {recipe.name: recipe for recipe in [*EXACT, *LOSSY, *READ_ONLY, *VIDEO, *VIDEO_ELSEWHERE]}
CHUNKS = st.lists(
    st.tuples(st.sampled_from([b"LIST", b"JUNK", b"bext", b"id3 ", b"odd "]), st.binary(max_size=40)), max_size=4
)


def judged(content: bytes, container: str = "wav", *, thorough: bool = True) -> Length | str:
    try:
        return check_complete(io.BytesIO(content), container, 0, thorough=thorough)
    except MediaError as error:
        return error.reason


def joined(chunks: Sequence[tuple[bytes, bytes]]) -> bytes:
    return b"".join(written.chunk(name, content) for name, content in chunks)


@given(CHUNKS, st.binary(min_size=1, max_size=60), CHUNKS, st.data())
def test_a_wav_is_whole_exactly_when_all_of_its_audio_is_there(
    before: list[tuple[bytes, bytes]], audio: bytes, after: list[tuple[bytes, bytes]], data: st.DataObject
) -> None:
    head = joined(before) + written.format_chunk() + written.chunk(b"data", b"", size=len(audio))
    content = written.riff(head, audio, b"\0" * (len(audio) % 2), joined(after))
    assert judged(content) is Length.STATED
    end = 12 + len(head) + len(audio)
    cut = data.draw(st.integers(12 + len(head), len(content)))
    if cut < end:
        assert judged(content[:cut]) == "truncated"
    elif cut == end:
        assert judged(content[:cut]) is Length.STATED


class Sparse(io.BytesIO):
    """A file of any size, of which only the head is more than zeros."""

    def __init__(self, head: bytes, size: int) -> None:
        super().__init__(head)
        self._size = size

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._size if whence == os.SEEK_END else super().seek(offset, whence)

    def read(self, count: int | None = -1, /) -> bytes:
        here = self.tell()
        return super().read(count).ljust(max(0, min(count or 0, self._size - here)), b"\0")


@given(st.integers(1, 2**40), st.integers(-(2**20), 2**20))
@example(0xFFFFFFFF, 0)  # which means nothing but itself in 64 bits
@example(0xFFFFFFFF, -1)
@example(0x7FFFFFFE, -1)
def test_an_rf64_states_sizes_of_64_bits(stated: int, more: int) -> None:
    head = written.rf64(b"", size=stated)
    file = Sparse(head, len(head) + max(0, stated + more))
    if more < 0:
        with pytest.raises(MediaError, match="truncated"):
            check_complete(file, "rf64", 0, thorough=True)
    else:
        assert check_complete(file, "rf64", 0, thorough=True) is Length.STATED


def test_a_wav_that_is_as_large_as_the_largest_size_states_its_length() -> None:
    head = written.wav(b"", size=0x7FFFF000)
    for more, found in ((-(2**30), Length.OPEN), (0, Length.STATED), (2**16, Length.STATED)):
        file = Sparse(head, len(head) + 0x7FFFF000 + more)
        assert check_complete(file, "wav", 0, thorough=True) is found


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500), st.integers(0, 500), st.integers(-9, 9))
def test_the_parts_of_an_ape_file_add_up(header: int, table: int, wave: int, audio: int, more: int) -> None:
    content = written.ape_header((52, header, table, wave, audio, 0)).ljust(52 + header + table + wave + audio + more)
    assert judged(content, "ape") == ("truncated" if more < 0 else Length.STATED)
    assert judged(written.ape_header((52, header, table, wave, audio, 1)), "ape") == "truncated"


@given(st.integers(4, 4000))
def test_dss_has_whole_blocks(size: int) -> None:
    assert judged(b"\x02dss".ljust(size, b"x"), "dss") == ("truncated" if size % 512 else Length.UNSTATED)


@given(st.lists(st.integers(0, 300), max_size=5), st.booleans(), st.data())
def test_a_matroska_segment_is_followed_to_its_end(sizes: list[int], stated: bool, data: st.DataObject) -> None:
    clusters = [bytes.fromhex("1f43b675") + (size | 1 << 14).to_bytes(2, "big") + bytes(size) for size in sizes]
    whole = written.matroska(*clusters, size=sum(map(len, clusters)) if stated else None)
    assert judged(whole, "matroska") is (Length.STATED if stated else Length.UNSTATED)
    head = len(whole) - sum(map(len, clusters))
    cut = data.draw(st.integers(head, len(whole)))
    boundary = cut in {head + sum(map(len, clusters[:count])) for count in range(len(clusters) + 1)}
    if cut < len(whole) and (stated or not boundary):
        assert judged(whole[:cut], "matroska") == "truncated"


@given(st.lists(st.integers(0, 200), min_size=1, max_size=5), st.data())
def test_every_box_of_a_movie_is_there(sizes: list[int], data: st.DataObject) -> None:
    whole = written.box(b"ftyp", bytes(8)) + b"".join(written.box(b"mdat", bytes(size)) for size in sizes)
    whole += written.box(b"moov")
    assert judged(whole, "mp4") is Length.STATED
    cut = data.draw(st.integers(1, len(whole) - 1))
    ends = {16 + sum(8 + size for size in sizes[:count]) for count in range(len(sizes) + 1)}
    # Less than a box's head is none; FFmpeg misses the index in that case.
    if not any(0 <= cut - end < 8 for end in {0, *ends}):
        assert judged(whole[:cut], "mp4") == "truncated"


def test_a_box_may_have_a_size_of_64_bits_or_go_on_to_the_end() -> None:
    head = written.box(b"ftyp", bytes(8)) + written.box(b"moov")
    large = head + (1).to_bytes(4, "big") + b"mdat" + (16 + 100).to_bytes(8, "big")
    assert judged(large + bytes(100), "mp4") is Length.STATED
    assert judged(large + bytes(99), "mp4") == "truncated"
    assert judged(head + written.box(b"mdat", bytes(50), size=0), "mp4") is Length.STATED


@given(st.integers(1, 400), st.integers(1, 187))
def test_a_transport_stream_has_whole_packets(packets: int, more: int) -> None:
    packet = b"\x47" + bytes(range(1, 188))
    assert judged(packet * packets, "mpegts") is Length.UNSTATED
    assert judged(packet * packets + packet[:more], "mpegts") == "truncated"


def test_an_avi_of_several_parts_misses_each_of_them() -> None:
    index = written.chunk(b"indx", bytes(4) + (2).to_bytes(4, "little") + bytes(16) + bytes(32))
    place = index.index(b"indx") + 8 + 24
    movie = written.chunk(b"LIST", b"movi" + written.chunk(b"00wb", bytes(range(100))))

    def parts(end: int) -> bytes:
        named = index[:place] + (4).to_bytes(8, "little") + (8).to_bytes(4, "little") + bytes(4)
        named += (end - 8).to_bytes(8, "little") + (8).to_bytes(4, "little") + bytes(4)
        header = written.chunk(b"LIST", b"hdrl" + written.chunk(b"LIST", b"strl" + named))
        return written.riff(header, movie, form=b"AVI ") + written.riff(movie, form=b"AVIX")

    size = len(parts(8))
    second = size - len(written.riff(movie, form=b"AVIX"))
    assert judged(parts(size), "avi") is Length.STATED
    assert judged(parts(size)[:second], "avi") == "truncated"
    assert judged(parts(size)[:-1], "avi") == "truncated"


@pytest.mark.parametrize(
    ("header", "size"),
    [
        ("fffb9000", 144 * 128_000 // 44_100),
        ("fffb9200", 144 * 128_000 // 44_100 + 1),
        ("fff388c4", 72 * 64_000 // 16_000),
        ("fff328c4", 72 * 16_000 // 16_000),
        ("fffd8000", 144 * 128_000 // 44_100),
        ("ffff9000", 4 * (12 * 288_000 // 44_100)),
        ("fffbf000", None),
        ("fffb0000", None),
        ("fffb", None),
        ("49443303", None),
    ],
)
def test_the_size_of_an_mpeg_frame(header: str, size: int | None) -> None:
    assert mpeg_frame_bytes(bytes.fromhex(header)) == size


@given(st.binary(max_size=8))
def test_any_bytes_are_an_mpeg_frame_or_not(header: bytes) -> None:
    size = mpeg_frame_bytes(header)
    assert size is None or 0 < size < 5000


def test_counts_of_an_mp3() -> None:
    frame = b"\xff\xfb\x90\x00" + bytes(32)
    assert mp3_counts(frame + b"Xing" + bytes.fromhex("00000003 00000064 0000a000")) == (100, 0xA000)
    assert mp3_counts(frame + b"Info" + bytes.fromhex("00000002 0000a000")) == (None, 0xA000)
    assert mp3_counts(frame + b"VBRI" + bytes(6) + bytes.fromhex("0000a000 00000064")) == (100, 0xA000)
    assert mp3_counts(frame + b"Xing" + bytes.fromhex("00000003 00000000 00000000")) == (None, None)
    assert mp3_counts(frame) == (None, None)


@given(st.sampled_from(sorted(CHECKED)), st.binary(max_size=400), st.booleans())
def test_any_bytes_are_judged_or_refused(container: str, content: bytes, thorough: bool) -> None:
    assert isinstance(judged(content, container, thorough=thorough), Length | str)


@given(st.sampled_from(sorted(BY_NAME)), st.data())
def test_any_change_of_a_real_head_is_judged_or_refused(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("real")
    content = bytearray(BY_NAME[name].write(folder).read_bytes())
    container = recognise(io.BytesIO(bytes(content))).name
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, min(len(content), 600) - 4))
        content[place : place + 4] = data.draw(st.sampled_from([b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff", b""]))
    for thorough in (False, True):
        assert isinstance(judged(bytes(content), container, thorough=thorough), Length | str)


class Counted(io.BytesIO):
    """A file that counts how often and how much it is read."""

    reads = 0
    amount = 0

    def read(self, count: int | None = -1, /) -> bytes:
        content = super().read(count)
        self.reads += 1
        self.amount += len(content)
        return content


@pytest.mark.parametrize("name", ["pcm.voc", "many.mp4", "h264.ts", "mpeg1.mpg", "pcm.flv", "vorbis.ogg", "opus.mka"])
def test_a_look_at_the_header_takes_few_reads(tmp_path: Path, name: str) -> None:
    file = Counted(BY_NAME[name].write(tmp_path).read_bytes())
    check_complete(file, recognise(file).name, 0, thorough=False)
    assert file.reads <= FEW_READS + 2
    assert file.amount < 150_000


SECOND = bytes(range(250)) * 64
LARGE = {
    "wav": written.wav(SECOND * 2_000, written.chunk(b"LIST", b"INFO" + bytes(20))),
    "w64": written.w64(SECOND * 2_000),
    "caf": written.caf(SECOND * 2_000),
    "aiff": written.aiff(SECOND * 2_000),
    "voc": written.voc(*(written.voc_block(SECOND, first=not number) for number in range(2_000))),
}


@pytest.mark.parametrize("name", LARGE)
def test_of_a_large_remote_file_little_is_fetched_for_a_look_at_its_header(name: str) -> None:
    file = Counted(LARGE[name])
    with Decoder(file, MediaLimits()) as decoder:
        assert decoder.info.channels == 1
        assert decoder.info.states_length
    assert file.reads <= 16
    assert file.amount < 4 * 2**20 < len(LARGE[name])


def test_a_file_of_very_many_parts_is_checked_in_full_only_after_its_audio_was_read() -> None:
    content = written.riff(
        written.format_chunk(),
        *(written.chunk(b"JUNK", b"") for _ in range(5_000)),
        written.chunk(b"data", written.samples(), size=10**6),
    )
    assert judged(content, thorough=False) is Length.STATED
    assert judged(content) == "truncated"
    with pytest.raises(MediaError) as refused, TrackDecoder(io.BytesIO(content)) as decoder:
        list(decoder.blocks())
    assert refused.value.reason == "truncated"


def test_a_source_reads_nothing_outside_of_itself() -> None:
    source = Source(io.BytesIO(b"tagcontent"), 3, thorough=True)
    assert (source.size, source.at(0, 4), source.at(5, 9), source.at(7, 1), source.at(-1, 1)) == (
        7,
        b"cont",
        b"nt",
        b"",
        b"",
    )
    assert source.number(5, 4, "little") == int.from_bytes(b"nt\0\0", "little")


@pytest.mark.parametrize("padding", [0, 5_000])
def test_a_tag_before_the_audio_does_not_count(tmp_path: Path, padding: int) -> None:
    audio = BY_NAME["by-soundfile.mp3"].write(tmp_path).read_bytes()
    tag = b"ID3\x04\x00\x00" + bytes((0, 0, padding >> 7, padding & 0x7F)) + bytes(padding)
    with TrackDecoder(io.BytesIO(tag + audio)) as decoder:
        assert sum(block.shape[1] for block in decoder.blocks()) > 0
        assert decoder.info.states_length
    with pytest.raises(MediaError) as refused, TrackDecoder(io.BytesIO(tag + audio[:-300])):
        pass
    assert refused.value.reason == "truncated"
