"""Video copies: pictures are copied packet by packet, and nothing else (functions, real files)."""

from __future__ import annotations

import hashlib
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from hushbeam.schemas.spans import TimeSpan
from hushbeam.transforms.media.decode import Decoder
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.mute_audio.muting import Muting
from hushbeam.transforms.mute_audio.render import render
from tests.transforms.media.recordings import CANARY, VIDEO, VIDEO_ELSEWHERE, Recipe, speech


def pictures(path: Path) -> list[tuple[str, bool]]:
    """Every video packet's checksum, and whether it is a key frame; the last is empty and left out."""
    with av.open(str(path)) as container:
        packets = container.demux(container.streams.video[0])
        return [(hashlib.sha256(bytes(packet)).hexdigest(), packet.is_keyframe) for packet in packets if packet.size]


def picture_times(path: Path) -> list[float]:
    """When each picture is shown, relative to the audio's start."""
    with av.open(str(path)) as container:
        audio = container.streams.audio[0]
        start = float((audio.start_time or 0) * (audio.time_base or 0))
        return [(frame.time or 0.0) - start for frame in container.decode(container.streams.video[0])]


@pytest.mark.parametrize("recipe", [*VIDEO, VIDEO_ELSEWHERE[0]], ids=lambda recipe: recipe.name)
def test_every_picture_is_copied_as_it_is(tmp_path: Path, recipe: Recipe) -> None:
    source = recipe.write(tmp_path)
    rendered = render(
        source,
        tmp_path / "copy",
        [TimeSpan(0, 1.0, 2.0), TimeSpan(1, 1.0, 2.0)],
        muting=Muting(),
        quality="source",
        expected=None,
        limits=MediaLimits(),
    )
    copied = Path(rendered.path)
    # The first packet of x264's has a note of its settings beside the picture, which stays behind.
    noted = recipe.video == "libx264"
    assert pictures(copied)[noted:] == pictures(source)[noted:]
    assert (pictures(copied)[0] != pictures(source)[0]) == noted
    assert len(pictures(copied)) == 157
    with Decoder(copied, MediaLimits()) as decoder:
        samples = np.concatenate(list(decoder.blocks()), axis=1)
        rate = decoder.info.sample_rate_hz
    assert np.abs(samples[:, int(1.1 * rate) : int(1.9 * rate)]).max() < 1e-3
    assert np.abs(samples[:, int(3 * rate) :]).max() > 0.05


@pytest.mark.parametrize("recipe", VIDEO[:5], ids=lambda recipe: recipe.name)
def test_pictures_and_audio_stay_together(tmp_path: Path, recipe: Recipe) -> None:
    source = recipe.write(tmp_path)
    rendered = render(
        source, tmp_path / "copy", [], muting=Muting(), quality="source", expected=None, limits=MediaLimits()
    )
    before, after = picture_times(source), picture_times(Path(rendered.path))
    np.testing.assert_allclose(after, before, atol=0.025)


def test_further_tracks_chapters_and_subtitles_stay_behind(tmp_path: Path) -> None:
    source = tmp_path / "meeting.mkv"
    with av.open(str(VIDEO[2].write(tmp_path))) as simple, av.open(str(source), "w") as container:
        tracks = {track.index: container.add_stream_from_template(track) for track in simple.streams}
        second = container.add_stream("libopus", rate=48_000, layout="stereo")
        captions = container.add_mux_stream("subrip")
        captions.metadata["title"] = CANARY
        container.set_chapters(
            [{"id": 1, "start": 0, "end": 2_000, "time_base": Fraction(1, 1_000), "metadata": {"title": CANARY}}]
        )
        for packet in simple.demux():
            if packet.size:
                packet.stream = tracks[packet.stream_index]
                container.mux_one(packet)
        frame = av.AudioFrame.from_ndarray(speech(48_000, 2), "fltp", "stereo")
        frame.sample_rate = 48_000
        container.mux([*second.encode(frame), *second.encode(None)])
        caption = av.Packet(CANARY.encode())
        caption.stream, caption.pts, caption.dts, caption.duration = captions, 100, 100, 900
        caption.time_base = Fraction(1, 1_000)
        container.mux_one(caption)
    with av.open(str(source)) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio", "audio", "subtitle"]
        assert container.chapters()
    rendered = render(
        source, tmp_path / "copy", [], muting=Muting(), quality="source", expected=None, limits=MediaLimits()
    )
    with av.open(rendered.path) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]
        assert not container.chapters()
    assert b"CANARY" not in Path(rendered.path).read_bytes()


def test_audio_that_starts_after_the_pictures_still_does(tmp_path: Path) -> None:
    source = tmp_path / "late.mkv"
    with av.open(str(VIDEO[3].write(tmp_path))) as simple, av.open(str(source), "w") as container:
        tracks = {track.index: container.add_stream_from_template(track) for track in simple.streams}
        for packet in simple.demux():
            if packet.size:
                packet.stream = tracks[packet.stream_index]
                if packet.stream.type == "audio":
                    packet.pts = (packet.pts or 0) + round(0.8 / packet.time_base)
                    packet.dts = packet.pts
                container.mux_one(packet)
    rendered = render(
        source, tmp_path / "copy", [], muting=Muting(), quality="source", expected=None, limits=MediaLimits()
    )
    before, after = picture_times(source), picture_times(Path(rendered.path))
    assert before[0] == pytest.approx(-0.8, abs=0.02)
    np.testing.assert_allclose(after, before, atol=0.025)


def test_a_video_that_is_shown_turned_stays_turned(tmp_path: Path) -> None:
    upright = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    turned = struct.pack(">9I", 0, 0x10000, 0, 0xFFFF0000, 0, 0, 0, 0, 0x40000000)
    source = VIDEO[0].write(tmp_path)
    content = source.read_bytes()
    matrix = content.index(upright, content.index(b"tkhd"))
    source.write_bytes(content[:matrix] + turned + content[matrix + len(turned) :])
    rendered = render(
        source, tmp_path / "copy", [], muting=Muting(), quality="source", expected=None, limits=MediaLimits()
    )
    assert turned in Path(rendered.path).read_bytes()
