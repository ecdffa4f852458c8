"""Makes videos whose pictures carry closed captions and encoders' notes, by real encoders."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import numpy as np

from tests.transforms.media.recordings import LAYOUTS, speech

SAID = b"MARY SMITH SSN 078051120"
"""What the captions say."""

NOTE = b"note about MARY SMITH, 078051120"
"""What the encoder's notes say."""

PICTURES = 50
_RATE = 25
_UUID = bytes(range(16))
_PIXELS = {"mjpeg": "yuvj420p", "prores_ks": "yuv422p10le", "huffyuv": "yuv422p"}
_HIDDEN = {"A53_CC", "SEI_UNREGISTERED"}


def with_parity(byte: int) -> int:
    """A byte of seven bits as CEA-608 sends it."""
    return byte | (0x80 if byte.bit_count() % 2 == 0 else 0)


def caption_triplets(text: bytes = SAID) -> bytes:
    """Caption data of field 1 as ATSC A/53 carries them: a mark and two characters, repeated."""
    characters = [with_parity(byte) for byte in text]
    return b"".join(bytes([0xFC, *characters[start : start + 2]]) for start in range(0, len(characters), 2))


def caption_data(text: bytes = SAID) -> bytes:
    """`ATSC1_data` with captions, as in SEI units (after country and provider) and in MPEG-2's user data."""
    triplets = caption_triplets(text)
    return b"GA94\x03" + bytes([0x40 | len(triplets) // 3, 0xFF]) + triplets + b"\xff"


def supplemental(kind: int, payload: bytes, head: bytes = b"\x06") -> bytes:
    """An SEI unit of one payload that needs no escapes."""
    return head + bytes([kind, len(payload)]) + payload + b"\x80"


CAPTION_UNIT = supplemental(4, b"\xb5\x00\x31" + caption_data())
NOTE_UNIT = supplemental(5, _UUID + NOTE)


@lru_cache
def captioned_frames() -> tuple[Any, ...]:
    """Pictures to which a decoder has attached captions and notes, as encoders take them."""
    encoder: Any = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = 96, 64, "yuv420p", Fraction(1, _RATE)
    encoder.options = {"bf": "0", "preset": "ultrafast"}
    decoder: Any = av.CodecContext.create("h264", "r")
    packets = [packet for number in range(PICTURES) for packet in encoder.encode(_picture(number))]
    packets += encoder.encode(None)
    frames = []
    for packet in packets:
        units = bytes(packet)
        # The slice is the packet's last unit.
        slice_at = max(units.rfind(b"\0\0\1\x65"), units.rfind(b"\0\0\1\x41"), units.rfind(b"\0\0\1\x61"))
        hidden = b"".join(b"\0\0\1" + unit for unit in (CAPTION_UNIT, NOTE_UNIT))
        frames += decoder.decode(av.Packet(units[:slice_at] + hidden + units[slice_at:]))
    frames += decoder.decode(None)
    assert len(frames) == PICTURES
    assert all(hidden_in(frame) == _HIDDEN for frame in frames)
    return tuple(frames)


def _picture(number: int) -> Any:
    noise = np.random.default_rng(number).integers(0, 9, (64, 96, 3), dtype=np.uint8)
    frame = av.VideoFrame.from_ndarray(noise + np.uint8(3 * number % 200), "rgb24").reformat(format="yuv420p")
    frame.pts, frame.time_base = number, Fraction(1, _RATE)
    return frame


@lru_cache
def plain_frames() -> tuple[Any, ...]:
    """Pictures without anything beside them."""
    return tuple(_picture(number) for number in range(PICTURES))


def hidden_in(frame: Any) -> set[str]:
    """Which kinds of hidden text a decoder finds with a picture."""
    return {data.type.name for data in frame.side_data} & _HIDDEN


def _share_the_processor() -> None:
    """Ends the real-time priority that the encoder of AV1 gives the whole process where root runs it: one core would
    be the test's alone, until its end."""
    for thread in Path("/proc/self/task").iterdir():
        with suppress(ProcessLookupError):
            os.sched_setscheduler(int(thread.name), os.SCHED_OTHER, os.sched_param(0))


@dataclass(frozen=True)
class Captioned:
    """A kind of video; names are FFmpeg's."""

    name: str
    muxer: str
    codec: str
    audio_codec: str = "aac"
    options: Mapping[str, str] = field(default_factory=dict)
    muxer_options: Mapping[str, str] = field(default_factory=dict)
    size: tuple[int, int] = (96, 64)
    rate_hz: int = 48_000

    def write(self, folder: Path, frames: Sequence[Any] | None = None) -> Path:
        """Encodes pictures, those with captions if no others are given, beside speech."""
        path, rate_hz = folder / self.name, self.rate_hz
        samples = speech(rate_hz, 2)
        layout = LAYOUTS[samples.shape[0]]
        with av.open(str(path), "w", format=self.muxer, options=dict(self.muxer_options)) as container:
            pictures: Any = container.add_stream(self.codec, rate=_RATE, options=dict(self.options))
            pictures.pix_fmt = _PIXELS.get(self.codec, "yuv420p")
            pictures.width, pictures.height = self.size
            track: Any = container.add_stream(self.audio_codec, rate=rate_hz, layout=layout)
            for number, frame in enumerate(frames or captioned_frames()):
                container.mux(pictures.encode(self._prepared(frame, number)))
            container.mux(pictures.encode(None))
            for start in range(0, samples.shape[1], 4096):
                block = np.ascontiguousarray(samples[:, start : start + 4096])
                audio_frame = av.AudioFrame.from_ndarray(block, "fltp", layout)
                audio_frame.sample_rate, audio_frame.pts, audio_frame.time_base = rate_hz, start, Fraction(1, rate_hz)
                container.mux(track.encode(audio_frame))
            container.mux(track.encode(None))
        _share_the_processor()
        return path

    def _prepared(self, frame: Any, number: int) -> Any:
        pixels = _PIXELS.get(self.codec, "yuv420p")
        if (frame.width, frame.height, frame.format.name) != (*self.size, pixels):
            frame = frame.reformat(*self.size, format=pixels)
        frame.pts, frame.time_base, frame.pict_type = number, Fraction(1, _RATE), 0
        return frame


_X264 = {"preset": "ultrafast", "bf": "2", "udu_sei": "1"}
_X265 = {
    "preset": "ultrafast",
    "udu_sei": "1",
    "a53cc": "1",
    "x265-params": "log-level=none:pools=none:frame-threads=1",
}

CAPTIONED = (
    Captioned("h264.mp4", "mp4", "libx264", options=_X264),
    Captioned("fragments.mp4", "mp4", "libx264", "aac", _X264, {"movflags": "frag_keyframe+empty_moov"}),
    Captioned("h264.mov", "mov", "libx264", options=_X264),
    Captioned("h264.mkv", "matroska", "libx264", options=_X264),
    Captioned("h264.flv", "flv", "libx264", options=_X264),
    Captioned("h264.ts", "mpegts", "libx264", options=_X264),
    Captioned("h264.avi", "avi", "libx264", "libmp3lame", _X264),
    Captioned("hevc.mp4", "mp4", "libx265", options=_X265),
    Captioned("hevc.mkv", "matroska", "libx265", options=_X265),
    Captioned("hevc.ts", "mpegts", "libx265", options=_X265),
    Captioned("mpeg2.ts", "mpegts", "mpeg2video", "mp2"),
    Captioned("mpeg2.mpg", "mpeg", "mpeg2video", "mp2"),
    Captioned("mpeg2.mkv", "matroska", "mpeg2video"),
)
"""H.264, HEVC and MPEG-2 with captions in every picture; H.264 and HEVC with notes as well."""


def frames_of(path: Path) -> list[tuple[str, float | None]]:
    """Every picture's checksum and time, in order, as decoded."""
    with av.open(str(path)) as container:
        return [
            (hashlib.sha256(frame.to_ndarray().tobytes()).hexdigest(), frame.time)
            for frame in container.decode(container.streams.video[0])
        ]


def hidden_text(path: Path) -> set[str]:
    """Where a file holds captions or notes: what a decoder finds, and what its bytes say."""
    with av.open(str(path)) as container:
        found = {kind for frame in container.decode(container.streams.video[0]) for kind in hidden_in(frame)}
    return found | said_in(path.read_bytes())


def said_in(content: bytes) -> set[str]:
    """Which of the captions (with parity and without) and notes a file's bytes hold."""
    triplets = caption_triplets()
    spellings = {
        "captions": triplets[:12],
        "captions without parity": bytes(byte & 0x7F if index % 3 else byte for index, byte in enumerate(triplets))[
            :12
        ],
        "text": SAID[:12],
        "note": NOTE[:12],
        "A/53": b"GA94",
        "x264": b"x264 - core",
        "x265": b"x265 (build",
    }
    return {name for name, spelling in spellings.items() if spelling in content}


def caption_again(path: Path) -> None:
    """Puts captions into an MP4 or MKV file of H.264 that has none, beside each picture; all else stays."""
    source, unit = path.with_suffix(".before" + path.suffix), CAPTION_UNIT
    path.rename(source)
    with av.open(str(source)) as given, av.open(str(path), "w") as container:
        taken = {track.index: container.add_stream_from_template(track, opaque=True) for track in given.streams}
        for packet in given.demux():
            if not packet.size:
                continue
            copy = packet
            if packet.stream.type == "video":
                copy = av.Packet(len(unit).to_bytes(4, "big") + unit + bytes(packet))
                copy.time_base, copy.pts, copy.dts = packet.time_base, packet.pts, packet.dts
                copy.duration, copy.is_keyframe = packet.duration, packet.is_keyframe
            copy.stream = taken[packet.stream_index]
            container.mux_one(copy)
    source.unlink()


def packet_count(path: Path) -> int:
    """Of the pictures."""
    with av.open(str(path)) as container:
        return sum(packet.size > 0 for packet in container.demux(container.streams.video[0]))
