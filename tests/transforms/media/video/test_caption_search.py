"""Captions and notes of real encoders are removed, and the pictures stay the same (functions, real files)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.packet import PacketSideData

from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.hidden_text import tracks
from hushbeam.transforms.media.hidden_text.codecs import cleaner_of
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.video.caption_search import hidden_text_in
from hushbeam.transforms.mute_audio.muting import Muting
from hushbeam.transforms.mute_audio.render import render
from tests.transforms.media.captioned import (
    CAPTIONED,
    NOTE,
    PICTURES,
    Captioned,
    caption_data,
    frames_of,
    hidden_text,
    packet_count,
    plain_frames,
    said_in,
)

PLAIN_H264 = Captioned("plain.mp4", "mp4", "libx264", options={"preset": "ultrafast", "bf": "2"})
UUID_BOX = bytes(range(16))


def published(source: Path, folder: Path) -> Path:
    return Path(
        render(source, folder / "copy", [], muting=Muting(), quality="source", expected=None, limits=MediaLimits()).path
    )


def assert_same_pictures(source: Path, copy: Path) -> None:
    before, after = frames_of(source), frames_of(copy)
    assert [picture for picture, _ in after] == [picture for picture, _ in before]
    assert [time for _, time in after] == pytest.approx([time for _, time in before], abs=0.001)
    assert packet_count(copy) == packet_count(source)


def copied(source: Path, target: Path, change: Callable[[Any], None] | None = None, **options: Any) -> Path:
    """A file's tracks in another file, packet by packet."""
    header = options.pop("header", None)
    with av.open(str(source)) as given, av.open(str(target), "w", **options) as container:
        packet: Any
        taken: dict[int, Any] = {
            track.index: container.add_stream_from_template(track, opaque=True) for track in given.streams
        }
        if header is not None:
            taken[given.streams.video[0].index].codec_context.extradata = header
        for packet in given.demux():
            if not packet.size:
                continue
            is_picture = packet.stream.type == "video"
            packet.stream = taken[packet.stream_index]
            if change is not None and is_picture:
                packet = change(packet)  # noqa: PLW2901
            container.mux_one(packet)
    return target


def with_content(packet: Any, content: bytes) -> Any:
    changed = av.Packet(content)
    changed.stream, changed.time_base, changed.is_keyframe = packet.stream, packet.time_base, packet.is_keyframe
    changed.pts, changed.dts, changed.duration = packet.pts, packet.dts, packet.duration
    return changed


def header_of(path: Path) -> bytes:
    """The codec header of a file's pictures."""
    with av.open(str(path)) as container:
        return container.streams.video[0].codec_context.extradata or b""


def attached(packet: Any, kind: int, content: bytes) -> Any:
    """A packet with data of one of FFmpeg's kinds beside it."""
    data: Any = PacketSideData(kind, len(content))  # type: ignore[call-arg]
    data.update(content)
    packet.set_sidedata(data)
    return packet


@pytest.mark.parametrize("recipe", CAPTIONED, ids=lambda recipe: recipe.name)
def test_captions_and_notes_stay_behind(tmp_path: Path, recipe: Captioned) -> None:
    source = recipe.write(tmp_path)
    with_notes = recipe.codec != "mpeg2video"
    assert hidden_text(source) >= {"A53_CC", "captions", "A/53"}
    assert (hidden_text(source) >= {"SEI_UNREGISTERED", "note"}) == with_notes
    copy = published(source, tmp_path)
    assert hidden_text(copy) == set()
    assert_same_pictures(source, copy)
    assert len(frames_of(copy)) == PICTURES
    assert hidden_text_in(source, 6.3, MediaLimits())
    assert hidden_text_in(copy, 6.3, MediaLimits()) == ""


@pytest.mark.parametrize(
    "recipe",
    [
        Captioned("vp8.webm", "webm", "libvpx", "libopus", {"deadline": "realtime", "cpu-used": "8"}),
        Captioned("vp9.mp4", "mp4", "libvpx-vp9", options={"deadline": "realtime", "cpu-used": "8"}),
        Captioned("av1.mp4", "mp4", "libsvtav1", options={"preset": "12", "svtav1-params": "lp=1"}),
        Captioned("av1.webm", "webm", "libsvtav1", "libopus", {"preset": "12", "svtav1-params": "lp=1"}),
        Captioned("mpeg1.mpg", "mpeg", "mpeg1video", "mp2"),
        Captioned("mpeg4.avi", "avi", "mpeg4", "libmp3lame"),
        Captioned("mpeg4.mp4", "mp4", "mpeg4"),
        Captioned("mjpeg.mov", "mov", "mjpeg"),
        Captioned("prores.mov", "mov", "prores_ks"),
        Captioned("h263.mov", "mov", "h263", size=(176, 144)),
        Captioned("msmpeg4.avi", "avi", "msmpeg4", "libmp3lame"),
        Captioned(
            "refresh.mp4", "mp4", "libx264", options={"preset": "ultrafast", "intra-refresh": "1", "g": "20"}
        ),
        Captioned("open.ts", "mpegts", "libx264", options={"x264-params": "open-gop=1:keyint=12:scenecut=0"}),
        Captioned("filler.ts", "mpegts", "libx264", options={"x264-params": "nal-hrd=cbr:filler=1:vbv-maxrate=300:"
            "vbv-bufsize=300:bitrate=300"}),
        Captioned("hdr.mkv", "matroska", "libx265", options={"x265-params": "hash=1:hrd=1:vbv-maxrate=300:"
            "vbv-bufsize=300:bitrate=300:master-display=G(1,1)B(1,1)R(1,1)WP(1,1)L(1,1):max-cll=10,5:open-gop=1:"
            "keyint=12:repeat-headers=1:log-level=none:pools=none:frame-threads=1"}),
    ],
    ids=lambda recipe: recipe.name,
)  # fmt: skip
def test_pictures_of_every_codec_that_is_copied_are_the_same(tmp_path: Path, recipe: Captioned) -> None:
    source = recipe.write(tmp_path, plain_frames())
    copy = published(source, tmp_path)
    assert_same_pictures(source, copy)
    assert said_in(copy.read_bytes()) == set()
    assert hidden_text_in(copy, 6.3, MediaLimits()) == ""


def test_recovery_points_and_brightness_stay(tmp_path: Path) -> None:
    options = {"x264-params": "intra-refresh=1:keyint=20:nal-hrd=vbr:vbv-maxrate=300:vbv-bufsize=300"}
    source = Captioned("refresh.mkv", "matroska", "libx264", options=options).write(tmp_path, plain_frames())
    kinds = [supplemental_kinds(path) for path in (source, published(source, tmp_path))]
    assert {0, 1, 5, 6} <= kinds[0]
    assert kinds[1] == kinds[0] - {5}


def supplemental_kinds(path: Path) -> set[int]:
    """The types of SEI payloads in a file of H.264 with lengths of four bytes."""
    kinds = set()
    with av.open(str(path)) as container:
        for packet in container.demux(container.streams.video[0]):
            content, position = bytes(packet), 0
            while position < len(content):
                size = int.from_bytes(content[position : position + 4], "big")
                unit = content[position + 4 : position + 4 + size]
                if unit[0] & 0x1F == 6:
                    at = 1
                    while unit[at:] != b"\x80":
                        kinds.add(unit[at])
                        # The size goes on after each byte of 255.
                        more = len(unit[at + 1 :]) - len(unit[at + 1 :].lstrip(b"\xff"))
                        at += 2 + 256 * more + unit[at + 1 + more]
                position += 4 + size
    return kinds


@pytest.mark.parametrize("container", ["mp4", "matroska"])
def test_captions_of_av1_stay_behind(tmp_path: Path, container: str) -> None:
    plain = Captioned("plain.mp4", "mp4", "libsvtav1", options={"preset": "12", "svtav1-params": "lp=1"})
    content = b"\x04\xb5\x00\x31" + caption_data() + b"\x80"
    captions = bytes([5 << 3 | 2, len(content)]) + content

    def caption(packet: Any) -> Any:
        # After the delimiter of two bytes, where there is one.
        given = bytes(packet)
        start = 2 if given.startswith(b"\x12\x00") else 0
        return with_content(packet, given[:start] + captions + given[start:])

    source = copied(plain.write(tmp_path, plain_frames()), tmp_path / "captions", caption, format=container)
    assert hidden_text(source) >= {"A53_CC", "captions"}
    copy = published(source, tmp_path)
    assert hidden_text(copy) == set()
    assert_same_pictures(source, copy)


def test_comments_of_motion_jpeg_stay_behind(tmp_path: Path) -> None:
    plain = Captioned("plain.mov", "mov", "mjpeg").write(tmp_path, plain_frames())
    comment = b"\xff\xfe" + (len(NOTE) + 2).to_bytes(2, "big") + NOTE
    source = copied(
        plain, tmp_path / "note.mov", lambda packet: with_content(packet, b"\xff\xd8" + comment + bytes(packet)[2:])
    )
    assert "note" in said_in(source.read_bytes())
    copy = published(source, tmp_path)
    assert said_in(copy.read_bytes()) == set()
    assert_same_pictures(source, copy)


@pytest.mark.parametrize("codec", ["mpeg4", "mpeg2video", "mpeg1video"])
def test_user_data_in_a_header_stay_behind(tmp_path: Path, codec: str) -> None:
    plain = Captioned("plain.mkv", "matroska", codec).write(tmp_path, plain_frames())
    source = copied(plain, tmp_path / "note.mkv", header=header_of(plain) + b"\0\0\1\xb2" + NOTE)
    assert "note" in said_in(source.read_bytes())
    copy = published(source, tmp_path)
    assert said_in(copy.read_bytes()) == set()
    assert_same_pictures(source, copy)


def test_notes_in_a_header_of_hevc_stay_behind(tmp_path: Path) -> None:
    source = next(recipe for recipe in CAPTIONED if recipe.name == "hevc.mkv").write(tmp_path)
    assert b"x265 (build" in header_of(source)
    header = header_of(published(source, tmp_path))
    assert b"x265" not in header
    assert header.startswith(b"\1")


def test_text_in_the_end_of_a_header_of_h264_stays_behind(tmp_path: Path) -> None:
    plain = PLAIN_H264.write(tmp_path, plain_frames())
    source = copied(plain, tmp_path / "note.mkv", header=header_of(plain) + NOTE)
    assert "note" in said_in(source.read_bytes())
    copy = published(source, tmp_path)
    assert said_in(copy.read_bytes()) == set()
    assert_same_pictures(source, copy)


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv422p", "yuv444p", "gray"])
def test_headers_of_every_profile_of_h264_pass_the_audit_where_they_are_published(tmp_path: Path, pixels: str) -> None:
    """FFmpeg puts the header of a transport stream together anew, with more in it for other profiles than the usual."""
    source = tmp_path / "screen.ts"
    with av.open(str(source), "w") as container:
        pictures: Any = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        pictures.width, pictures.height, pictures.pix_fmt = 96, 64, pixels
        sound: Any = container.add_stream("mp2", rate=48_000, layout="mono")
        for number in range(25):
            frame = av.VideoFrame.from_ndarray(np.full((64, 96, 3), 5 * number, np.uint8), "rgb24").reformat(
                format=pixels
            )
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode(None))
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 48_000), np.int16), "s16", "mono")
        silence.sample_rate, silence.pts = 48_000, 0
        container.mux([*sound.encode(silence), *sound.encode(None)])
    copy = published(source, tmp_path)
    assert_same_pictures(source, copy)
    assert hidden_text_in(copy, 1.0, MediaLimits()) == ""


def test_every_video_track_is_cleaned(tmp_path: Path) -> None:
    source = tmp_path / "two.mkv"
    with av.open(str(CAPTIONED[0].write(tmp_path))) as given, av.open(str(source), "w") as container:
        taken = {stream.index: container.add_stream_from_template(stream, opaque=True) for stream in given.streams}
        second = container.add_stream_from_template(given.streams.video[0], opaque=True)
        for packet in given.demux():
            if packet.size:
                again = with_content(packet, bytes(packet)) if packet.stream.type == "video" else None
                packet.stream = taken[packet.stream_index]
                container.mux_one(packet)
                if again is not None:
                    again.stream = second
                    container.mux_one(again)
    copy = published(source, tmp_path)
    with av.open(str(copy)) as container:
        assert len(container.streams.video) == 2
    assert said_in(copy.read_bytes()) == set()


MATROSKA_BLOCK_ADDITIONAL = 15


def test_matroska_block_additions_are_left_out(tmp_path: Path) -> None:
    plain = Captioned("vp8.webm", "webm", "libvpx", "libopus", {"deadline": "realtime", "cpu-used": "8"})
    addition = struct.pack(">Q", 1) + caption_data() + NOTE
    source = copied(
        plain.write(tmp_path, plain_frames()),
        tmp_path / "added.mkv",
        lambda packet: attached(packet, MATROSKA_BLOCK_ADDITIONAL, addition),
    )
    assert said_in(source.read_bytes()) >= {"captions", "note"}
    copy = published(source, tmp_path)
    assert said_in(copy.read_bytes()) == set()
    assert_same_pictures(source, copy)


def test_captions_beside_the_pictures_stay_behind(tmp_path: Path) -> None:
    plain = PLAIN_H264.write(tmp_path, plain_frames())
    for name, codec in (
        ("text.mov", "mov_text"),
        ("608.mov", "eia_608"),
        ("teletext.ts", "dvb_teletext"),
        ("private.ts", "klv"),
    ):
        source = tmp_path / name
        with av.open(str(plain)) as given, av.open(str(source), "w") as container:
            container.metadata.update({"comment": NOTE.decode(), "title": NOTE.decode()})
            taken = {stream.index: container.add_stream_from_template(stream, opaque=True) for stream in given.streams}
            taken[0].metadata.update({"timecode": "01:02:03:04", "reel_name": NOTE.decode()})
            further = container.add_mux_stream(codec)
            for packet in given.demux():
                if packet.size:
                    packet.stream = taken[packet.stream_index]
                    container.mux_one(packet)
            said = av.Packet(caption_data() + NOTE)
            said.stream, said.time_base, said.pts, said.dts, said.duration = further, Fraction(1, 1000), 100, 100, 900
            container.mux_one(said)
        assert "note" in said_in(source.read_bytes()), name
        copy = published(source, tmp_path)
        assert said_in(copy.read_bytes()) == set(), name
        with av.open(str(copy)) as container:
            assert [stream.type for stream in container.streams] == ["video", "audio"], name
        assert_same_pictures(source, copy)
        assert hidden_text_in(source, 6.3, MediaLimits()), name


def test_boxes_and_chunks_that_no_reader_needs_are_left_out(tmp_path: Path) -> None:
    plain = PLAIN_H264.write(tmp_path, plain_frames())
    source = tmp_path / "boxes.mp4"
    boxes = b"".join(
        (len(NOTE) + len(head) + 4).to_bytes(4, "big") + head + NOTE
        for head in (b"free", b"skip", b"uuid" + UUID_BOX, b"udta", b"meta", b"XXXX")
    )
    source.write_bytes(plain.read_bytes() + boxes)
    assert "note" in said_in(source.read_bytes())
    assert said_in(published(source, tmp_path).read_bytes()) == set()
    chunks = tmp_path / "chunks.avi"
    avi = Captioned("plain.avi", "avi", "mpeg4", "libmp3lame").write(tmp_path, plain_frames()).read_bytes()
    padding = avi.index(b"JUNK") + 8
    chunks.write_bytes(avi[:padding] + NOTE + avi[padding + len(NOTE) :])
    assert said_in(published(chunks, tmp_path).read_bytes()) == set()


@pytest.mark.parametrize("muxer", ["mov", "mp4"])
def test_texts_of_a_colour_profile_stay_behind(tmp_path: Path, muxer: str) -> None:
    plain = replace(PLAIN_H264, name=f"plain.{muxer}", muxer=muxer).write(tmp_path, plain_frames())
    profile = bytearray(184 + len(NOTE))
    profile[:4], profile[36:40], profile[128:132] = len(profile).to_bytes(4, "big"), b"acsp", (1).to_bytes(4, "big")
    profile[132:144] = struct.pack(">4sII", b"desc", 144, len(profile) - 144)
    profile[150 : 150 + len(NOTE)] = NOTE
    source = tmp_path / f"profile.{muxer}"
    source.write_bytes(with_boxes(plain.read_bytes(), box(b"colr", b"prof" + bytes(profile)) + box(b"text", NOTE)))
    with av.open(str(source)) as container:
        frame: Any = next(container.decode(container.streams.video[0]))
        assert "ICC_PROFILE" in {data.type.name for data in frame.side_data}
    copy = published(source, tmp_path)
    assert said_in(copy.read_bytes()) == set()
    assert_same_pictures(source, copy)
    assert "1 colour profiles" in hidden_text_in(source, 6.3, MediaLimits())
    assert hidden_text_in(copy, 6.3, MediaLimits()) == ""


def box(kind: bytes, content: bytes) -> bytes:
    return (len(content) + 8).to_bytes(4, "big") + kind + content


def with_boxes(content: bytes, more: bytes) -> bytes:
    """An MP4 file, whose `moov` is its last box, with boxes in the description of its pictures."""
    changed, start, end = bytearray(content), 0, len(content)
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1"):
        while changed[start + 4 : start + 8] != kind:
            start += int.from_bytes(changed[start : start + 4], "big")
        size = int.from_bytes(changed[start : start + 4], "big")
        changed[start : start + 4] = (size + len(more)).to_bytes(4, "big")
        end = start + size
        start += 16 if kind == b"stsd" else 8
    changed[end:end] = more
    return bytes(changed)


@pytest.mark.parametrize(("number", "same"), [(1, True), (2, False)])
def test_a_header_that_comes_again_may_not_be_another_one(tmp_path: Path, number: int, same: bool) -> None:
    plain = Captioned("plain.flv", "flv", "libx264", options={"preset": "ultrafast", "bf": "0"})
    content = plain.write(tmp_path, plain_frames()).read_bytes()
    header = flv_header_tag(content)
    # The byte is the profile, after the tag's head and the codec's.
    again = header if same else header[:17] + b"\x4d" + header[18:]
    middle = flv_tag_starts(content)[20]
    source = tmp_path / "again.flv"
    source.write_bytes(content[:middle] + again + content[middle:])
    if same:
        assert_same_pictures(source, published(source, tmp_path))
    else:
        with pytest.raises(MediaError, match="format_changes"):
            published(source, tmp_path)


def flv_tag_starts(content: bytes) -> list[int]:
    starts, position = [], 13
    while position + 11 <= len(content):
        starts.append(position)
        position += 15 + int.from_bytes(content[position + 1 : position + 4], "big")
    return starts


def flv_header_tag(content: bytes) -> bytes:
    """The tag with H.264's parameter sets."""
    for start in flv_tag_starts(content):
        size = int.from_bytes(content[start + 1 : start + 4], "big")
        if content[start] == 9 and content[start + 12] == 0:
            return content[start : start + 15 + size]
    raise AssertionError("no header")


@pytest.mark.parametrize(
    "recipe",
    [
        Captioned("ffv1.mkv", "matroska", "ffv1"),
        Captioned("huffyuv.avi", "avi", "huffyuv", "libmp3lame"),
        Captioned("dv.mov", "mov", "dvvideo", size=(720, 576)),
        Captioned("flash.flv", "flv", "flv", rate_hz=44_100),
    ],
    ids=lambda recipe: recipe.name,
)
def test_a_codec_that_was_not_examined_is_refused(tmp_path: Path, recipe: Captioned) -> None:
    source = recipe.write(tmp_path, plain_frames())
    with pytest.raises(MediaError, match="captions_inside"):
        published(source, tmp_path)
    assert "may contain text" in hidden_text_in(source, 6.3, MediaLimits())
    # The audio alone is what its message says that one may ask for.
    assert (
        Path(
            render(
                source, tmp_path / "audio", [], quality="flac", muting=Muting(), expected=None, limits=MediaLimits()
            ).path
        ).suffix
        == ".flac"
    )


def test_packets_that_are_put_together_again_are_as_before(tmp_path: Path) -> None:
    source = PLAIN_H264.write(tmp_path, plain_frames())
    with av.open(str(source)) as container:
        for packet in container.demux(container.streams.video[0]):
            if packet.size:
                again = tracks._like(packet, bytes(packet))
                assert bytes(again) == bytes(packet)
                assert (again.pts, again.dts, again.duration, again.time_base, again.is_keyframe) == (
                    packet.pts, packet.dts, packet.duration, packet.time_base, packet.is_keyframe,
                )  # fmt: skip


@pytest.mark.parametrize("kind", [0x00, 0x1F, 0xB0, 0xB1, 0xB2, 0xB3, 0xB5])
def test_bytes_after_a_unit_of_mpeg4_are_removed(kind: int) -> None:
    picture = b"\0\0\1\xb6" + bytes(range(16, 40))
    unit = b"\0\0\1" + bytes([kind, *range(1, 7)])
    assert NOTE[8:] not in cleaner_of("mpeg4", b"").clean(unit + NOTE + picture)
    assert cleaner_of("mpeg4", b"").clean(picture) == picture


@pytest.mark.parametrize("marker", [0xDC, 0xDD, 0xDE, 0xDF, 0xE1, 0xFE])
def test_segments_of_motion_jpeg_are_not_longer_than_they_state(marker: int) -> None:
    def segment(content: bytes) -> bytes:
        return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content

    start, scan = b"\xff\xd8", b"\xff\xda\0\x04\1\2scan\xff\xd9"
    assert NOTE not in cleaner_of("mjpeg", b"").clean(start + segment(b"\0\1" + NOTE) + scan)
    number = start + segment(b"\0\1") + scan
    assert (cleaner_of("mjpeg", b"").clean(number) == number) == (marker in (0xDC, 0xDD))
