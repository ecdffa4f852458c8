"""Files with a missing part are refused, in every format, wherever they were cut (functions, real files)."""

from __future__ import annotations

import io
from pathlib import Path
from typing import NamedTuple

import pytest

from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.track_decoder import TrackDecoder
from tests.transforms.media.completeness import written
from tests.transforms.media.recordings import EXACT, LOSSY, READ_ONLY, UNWRITABLE, VIDEO, VIDEO_ELSEWHERE, Recipe

RECIPES = [*EXACT, *LOSSY, *VIDEO, *VIDEO_ELSEWHERE, *READ_ONLY, *UNWRITABLE]
BY_NAME = {recipe.name: recipe for recipe in RECIPES}
NO_PIPE = ("rf64.wav", "pcm.w64", "mulaw.w64", "pcm.aiff", "ulaw.aifc", "atom.mxf")
"""What FFmpeg itself cannot read, once it has written it to a pipe; see `test_what_ffmpeg_cannot_read_again`."""

PIPED = [
    recipe
    for recipe in [*EXACT, *LOSSY, *VIDEO_ELSEWHERE, *READ_ONLY]
    if not recipe.by_soundfile
    and recipe.muxer in ("wav", "au", "caf", "avi", "flv", "matroska", "webm", "asf", "mp3", "ogg", "flac", "mxf")
    and recipe.name not in NO_PIPE
]

UNSTATED = {
    *("bare.mp3", "layer-two.mp2", "bare.aac", "bare.loas", "bare.ac3", "bare.eac3", "narrow.amr"),
    *("h264.ts", "h264.m2ts", "aac.ts", "mp3.ts", "mpeg1.mpg", "mp2.mpg", "ac3.vob", "no-index.mp4"),
}
"""Whole files whose length stands nowhere: docs/formats.md names their kinds."""

SOUND = written.samples()
SVX_SOUND = written.samples(1)[:50_399]
BY_HAND = {
    "plain.wav": written.wav(SOUND),
    "list-after.wav": written.wav(SOUND, written.chunk(b"LIST", b"INFOISFT\x06\0\0\0Lavf6\0")),
    "tag-after.wav": written.wav(SOUND, written.chunk(b"id3 ", b"ID3\x03" + bytes(45))),
    "odd.wav": written.wav(SVX_SOUND, written.chunk(b"LIST", b"INFO" + bytes(20)), bits=8),
    "odd-without-pad.wav": written.riff(
        written.format_chunk(bits=8),
        written.chunk(b"data", SVX_SOUND, pad=False),
        written.chunk(b"LIST", b"INFO" + bytes(20)),
    ),
    "odd-at-end.wav": written.riff(written.format_chunk(bits=8), written.chunk(b"data", SVX_SOUND, pad=False)),
    "broadcast.wav": written.riff(
        written.chunk(b"bext", bytes(5001)), written.format_chunk(), written.chunk(b"data", SOUND)
    ),
    "nameless.wav": written.riff(written.format_chunk(), written.chunk(bytes(4), b"x"), written.chunk(b"data", SOUND)),
    "nameless.caf": written.caf(SOUND).replace(b"data", bytes(4) + (2).to_bytes(8, "big") + b"xxdata", 1),
    "zeros-after.wav": written.wav(SOUND) + bytes(4096 * 3),
    "line-end-after.wav": written.wav(SOUND) + b"\r\n",
    "music-tag-after.wav": written.wav(SOUND) + b"TAG" + bytes(125),
    "wrong-riff-size.wav": written.wav(SOUND, riff_size=36),
    "by-hand.rf64": written.rf64(SOUND),
    "by-hand.w64": written.w64(SOUND),
    "by-hand.caf": written.caf(SOUND),
    "by-hand.8svx": written.svx(SVX_SOUND),
    "by-hand.aiff": written.aiff(SOUND),
    "by-hand.au": written.au(SOUND),
    "by-hand.voc": written.voc(
        written.voc_block(SOUND[:30_000], first=True), written.voc_block(SOUND[30_000:], first=False)
    ),
    "by-hand.sph": written.sphere(SOUND),
    "by-hand.qcp": written.qcp(300),
}


class Read(NamedTuple):
    """What came of reading a file to its end: samples of each channel, or why it was refused."""

    frames: int = 0
    states_length: bool = True
    refused: str = ""


def read(content: bytes) -> Read:
    try:
        with TrackDecoder(io.BytesIO(content)) as decoder:
            return Read(sum(block.shape[1] for block in decoder.blocks()), decoder.info.states_length)
    except MediaError as error:
        return Read(refused=error.reason)


def content_of(recipe: Recipe, folder: Path) -> bytes:
    return recipe.write(folder).read_bytes()


def cuts(size: int) -> list[int]:
    """Where copies, disks and recorders stop: blocks, any byte, and near the end."""
    blocks = {size // 2 // block * block for block in (512, 4096, 188, 192)}
    blocks |= {(size - 1) // block * block for block in (512, 4096, 188, 192)}
    anywhere = {size * 2 // 3, size // 2 + 1, size // 3 * 2 + 1, size - size // 10}
    return sorted(cut for cut in blocks | anywhere | {size - back for back in (1, 2, 30, 300, 2000)} if 0 < cut < size)


def assert_missing_sound_is_seen(content: bytes, unstated: bool) -> None:
    whole = read(content)
    assert not whole.refused
    assert whole.states_length is not unstated
    for cut in cuts(len(content)):
        got = read(content[:cut])
        if not got.refused and got.frames < whole.frames:
            assert unstated, f"{cut} of {len(content)} bytes passed with {got.frames} of {whole.frames} samples"
            assert not got.states_length
        assert got.refused in {"", "truncated", "corrupt", "no_audio", "length_disagrees"}, cut


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_a_file_that_was_cut_is_refused_unless_its_format_states_no_length(tmp_path: Path, recipe: Recipe) -> None:
    assert_missing_sound_is_seen(content_of(recipe, tmp_path), recipe.name in UNSTATED)


@pytest.mark.parametrize("recipe", PIPED, ids=lambda recipe: recipe.name)
def test_a_file_from_a_pipe_is_read_and_a_missing_end_is_noticed_if_possible(recipe: Recipe) -> None:
    content = recipe.piped()
    assert_missing_sound_is_seen(content, not read(content).states_length)


@pytest.mark.parametrize(
    ("codec", "rate_hz", "frame_bytes"),
    [
        ("libmp3lame", 16_000, 216),
        ("mp2", 48_000, 1152),
        ("g722", 16_000, 1),
        ("g726", 8_000, 1),
        ("wmav2", 44_100, 743),
        ("adpcm_ms", 8_000, 1024),
    ],
)
def test_a_wav_of_any_codec_from_a_pipe_is_read_to_its_end(
    tmp_path: Path, codec: str, rate_hz: int, frame_bytes: int
) -> None:
    recipe = Recipe(f"pipe-{codec}.wav", "wav", codec, rate_hz, 1, 48_000 if codec == "wmav2" else None)
    whole, piped = read(content_of(recipe, tmp_path)), recipe.piped()
    assert read(piped) == Read(whole.frames, states_length=False)
    if frame_bytes > 1:
        assert read(piped[:-100]).refused == "truncated"


@pytest.mark.parametrize("name", BY_HAND)
def test_a_file_made_of_its_parts_is_read_whole_or_refused(name: str) -> None:
    whole = read(BY_HAND[name])
    frames = {"by-hand.8svx": len(SVX_SOUND), "by-hand.qcp": 300 * 160}
    assert whole == Read(frames.get(name, len(SVX_SOUND) if "odd" in name else len(SOUND) // 2), True)
    assert_missing_sound_is_seen(BY_HAND[name], unstated=False)


@pytest.mark.parametrize("name", ["rf64.wav", "pcm.w64", "pcm.aiff"])
def test_files_that_ffmpeg_cannot_read_again_are_refused(name: str) -> None:
    assert read(BY_NAME[name].piped()).refused


INDEXED = ("mov", "mp4", "ipod", "3gp")
"""The index says where audio is: what lies elsewhere in the file is none."""


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_a_file_that_goes_on_after_its_stated_end_is_refused_or_read_whole(tmp_path: Path, recipe: Recipe) -> None:
    content = content_of(recipe, tmp_path)
    whole = read(content)
    for more in (content, content[: len(content) // 2], content[len(content) // 3 :][:20_000]):
        got = read(content + more)
        is_none = recipe.muxer in INDEXED and not more.startswith(content[:16])
        assert got.refused or got.frames > whole.frames or is_none


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("wav", written.wav(SOUND, size=len(SOUND) // 2)),
        ("wav, old size", written.wav(SOUND, size=8_000, riff_size=8_036)),
        ("wav, another after it", written.wav(SOUND) + written.wav(SOUND)),
        ("wav, a tag and another after it", written.wav(SOUND) + b"TAG" + bytes(125) + written.wav(SOUND)),
        ("wav, two parts", written.wav(SOUND[:40_000], written.chunk(b"data", SOUND[40_000:]))),
        ("w64, two parts", written.w64(SOUND, after=written.w64(SOUND)[-len(SOUND) - 24 :])),
        ("caf, two parts", written.caf(SOUND, after=b"data" + (4 + len(SOUND)).to_bytes(8, "big") + bytes(4) + SOUND)),
        ("aiff, two parts", written.aiff(SOUND, after=written.chunk(b"SSND", bytes(8) + SOUND, order=">"))),
        ("rf64", written.rf64(SOUND, size=len(SOUND) // 2)),
        ("w64", written.w64(SOUND, size=24 + len(SOUND) // 2)),
        ("w64, nothing", written.w64(SOUND, size=24)),
        ("caf", written.caf(SOUND, size=4 + len(SOUND) // 2)),
        ("8svx", written.svx(SVX_SOUND, size=20_000)),
        ("aiff", written.aiff(SOUND, size=20_000)),
        ("aiff, frames", written.aiff(SOUND, frames=10_000)),
        ("au", written.au(SOUND, size=20_000)),
        ("voc", written.voc(written.voc_block(SOUND, first=True, size=20_000))),
        ("sphere", written.sphere(SOUND, count=10_000)),
        ("qcp", written.qcp(300, size=600)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_header_of_a_crashed_recorder_does_not_hide_audio(name: str, content: bytes) -> None:
    assert read(content).refused in {"length_disagrees", "truncated", "corrupt", "no_audio"}


@pytest.mark.parametrize("more", [1, 2, 1000, 10**6, 3 * 10**9])
@pytest.mark.parametrize("kind", ["wav", "rf64", "w64", "caf", "8svx", "aiff", "au", "voc", "sphere", "qcp"])
def test_a_header_that_states_more_than_is_there_is_truncated(kind: str, more: int) -> None:
    stated = len(SOUND) + more
    content = {
        "wav": lambda: written.wav(SOUND, size=stated),
        "rf64": lambda: written.rf64(SOUND, size=stated),
        "w64": lambda: written.w64(SOUND, size=24 + stated),
        "caf": lambda: written.caf(SOUND, size=4 + stated),
        "8svx": lambda: written.svx(SVX_SOUND + b"\0", size=len(SVX_SOUND) + 1 + more),
        "aiff": lambda: written.aiff(SOUND, size=8 + stated),
        "au": lambda: written.au(SOUND, size=stated),
        "voc": lambda: written.voc(written.voc_block(SOUND, first=True, size=min(12 + stated, 0xFFFFFF)), end=b""),
        "sphere": lambda: written.sphere(SOUND, count=len(SOUND) // 2 + more),
        "qcp": lambda: written.qcp(300, size=1200 + more),
    }[kind]()
    assert read(content).refused == "truncated"


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 0x7FFFF000, 0x7FFFFF00, 0xFFFFFFFF - 36])
def test_a_wav_from_a_pipe_is_read_to_its_end_and_states_no_length(size: int) -> None:
    riff_size = 0xFFFFFFFF if size else 0
    assert read(written.wav(SOUND, size=size, riff_size=riff_size)) == Read(len(SOUND) // 2, False)


def test_the_largest_size_is_rounded_to_whole_blocks_by_sox() -> None:
    size = 0x7FFFF000 - 0x7FFFF000 % 3
    content = written.riff(
        written.format_chunk(bits=24), written.chunk(b"data", SOUND[:99_999], size=size), size=size + 36
    )
    assert read(content) == Read(33_333, False)


@pytest.mark.parametrize("size", [0xFFFFFF00, 4_000_000_000, 0x7FFFF001])
def test_a_size_that_only_looks_like_that_of_a_pipe_is_truncated(size: int) -> None:
    assert read(written.wav(SOUND, size=size)).refused == "truncated"


def test_a_wav_without_a_size_of_its_audio_is_checked_by_its_total_size() -> None:
    whole = written.wav(SOUND, size=0, riff_size=36 + len(SOUND))
    assert read(whole) == Read(len(SOUND) // 2, False)
    assert read(whole[: len(whole) // 2]).refused == "truncated"


@pytest.mark.parametrize("count", [0, -1])
def test_other_headers_without_a_size_are_read_to_the_end(count: int) -> None:
    assert read(written.sphere(SOUND, count=-1)) == Read(len(SOUND) // 2, False)
    assert read(written.caf(SOUND, size=-1)) == Read(len(SOUND) // 2, False)
    assert read(written.au(SOUND, size=count % 2**32)) == Read(len(SOUND) // 2, False)


def test_the_bytes_that_sox_does_not_count_are_known() -> None:
    block = written.voc_block(SOUND, first=True, size=12 + len(SOUND) - 8)
    assert read(written.voc(block)).frames == len(SOUND) // 2 - 4
    assert read(written.voc(block + SOUND[:8])).refused


def test_a_movie_in_fragments_without_an_index_states_no_length(tmp_path: Path) -> None:
    content = content_of(BY_NAME["many.mp4"], tmp_path)
    whole = read(content)
    at_fragment = content.rindex(b"moof") - 4
    without_index = content[: content.index(b"mfra") - 4]
    assert whole.states_length
    assert read(without_index) == Read(whole.frames, False)
    cut = read(content[:at_fragment])
    assert (cut.states_length, cut.refused) == (False, "") and cut.frames < whole.frames


def test_a_segment_index_states_the_length(tmp_path: Path) -> None:
    content = content_of(BY_NAME["segments.mp4"], tmp_path)
    indexed = content[: content.index(b"mfra") - 4]
    assert read(indexed) == read(content)
    assert read(indexed).states_length
    assert read(indexed[: indexed.rindex(b"moof") - 4]).refused == "truncated"


def test_an_ogg_file_ends_with_the_page_that_says_so(tmp_path: Path) -> None:
    content = content_of(BY_NAME["stereo.opus"], tmp_path)
    last = content.rindex(b"OggS")
    before = content.rindex(b"OggS", 0, last)
    assert read(content[:last]).refused == "truncated"
    assert read(content[:before] + content[last:]).refused in {"corrupt", "gap"}


def test_an_mp3_has_the_frames_that_it_counts(tmp_path: Path) -> None:
    content = bytearray(content_of(BY_NAME["by-soundfile.mp3"], tmp_path))
    content = content[: -128 if content[-128:].startswith(b"TAG") else None]
    marker = content.index(b"Xing") + 4
    # A header that counts frames and not bytes.
    content[marker : marker + 4] = (1).to_bytes(4, "big")
    assert not read(bytes(content)).refused
    last = max(place for place in (content.rfind(b"\xff\xf3"), content.rfind(b"\xff\xf2")) if place > 0)
    assert read(bytes(content[: last - 400])).refused == "truncated"


@pytest.mark.parametrize("name", ["bare.mp3", "layer-two.mp2"])
def test_a_last_frame_that_is_not_whole_is_truncated(tmp_path: Path, name: str) -> None:
    content = content_of(BY_NAME[name], tmp_path)
    for missing in (1, 7, 50):
        assert read(content[:-missing]).refused == "truncated"


def test_the_message_says_how_many_bytes_and_names_nothing() -> None:
    content = written.wav(SOUND)
    with pytest.raises(MediaError) as refused, TrackDecoder(io.BytesIO(content[:50_000])):
        pass
    assert str(refused.value) == (
        f"truncated: the file ends too early: its header states {len(content)} bytes, and it has 50000"
    )
