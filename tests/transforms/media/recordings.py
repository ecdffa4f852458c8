"""Makes recordings of real speech in every format, full of tags, for the tests of media and muting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
import soxr

CALL = Path("evaluation/dev/audio/card-split-turns.flac")
SECONDS = 6.3
CANARY = "CANARY Maria Gonzalez"
LAYOUTS = {1: "mono", 2: "stereo", 4: "quad"}


_WRITTEN: dict[str, bytes] = {}
"""What was encoded once is not encoded again for the next test."""


@lru_cache
def speech(rate_hz: int, channels: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """A few seconds of a labelled call, float32 of shape (channels, frames)."""
    samples, rate = soundfile.read(CALL, dtype="float32", start=3 * 16_000, frames=int(SECONDS * 16_000))
    resampled = soxr.resample(samples, rate, rate_hz).T
    if channels == 1:
        resampled = resampled.mean(axis=0, keepdims=True)
    return np.ascontiguousarray(np.concatenate([resampled] * channels)[:channels], np.float32)


@dataclass(frozen=True)
class Recipe:
    """One kind of recording: `muxer` and `codec` are FFmpeg's, or libsndfile's where `soundfile` is set."""

    name: str
    muxer: str
    codec: str
    rate_hz: int
    channels: int
    bit_rate: int | None = None
    video: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    by_soundfile: bool = False

    def write(self, folder: Path) -> Path:
        """Writes the recording, with tags wherever the format has room for them."""
        path = folder / self.name
        if self.name in _WRITTEN:
            path.write_bytes(_WRITTEN[self.name])
        elif self.by_soundfile:
            self._write_by_soundfile(path)
        else:
            self._write_by_ffmpeg(str(path))
        _WRITTEN[self.name] = path.read_bytes()
        return path

    def piped(self) -> bytes:
        """What FFmpeg writes where it cannot go back to fill in sizes."""
        pipe = _Pipe()
        self._write_by_ffmpeg(pipe)
        return bytes(pipe.written)

    def _write_by_soundfile(self, path: Path) -> None:
        samples = speech(self.rate_hz, self.channels).T
        with soundfile.SoundFile(path, "w", self.rate_hz, self.channels, format=self.muxer, subtype=self.codec) as file:
            if self.muxer != "NIST":
                file.title = CANARY
            for start in range(0, len(samples), 4096):
                file.write(samples[start : start + 4096])

    def _write_by_ffmpeg(self, target: str | _Pipe) -> None:
        samples = speech(self.rate_hz, self.channels)
        layout = LAYOUTS[self.channels]
        with av.open(target, "w", format=self.muxer, options=dict(self.options)) as container:
            for tag in ("title", "artist", "comment", "album"):
                container.metadata[tag] = CANARY
            picture = None if self.video is None else _picture_stream(container, self.video)
            audio: Any = container.add_stream(self.codec, rate=self.rate_hz, layout=layout)
            audio.metadata["title"] = CANARY
            if self.bit_rate is not None:
                audio.bit_rate = self.bit_rate
            if picture is not None:
                _write_pictures(container, picture)
            for start in range(0, samples.shape[1], 4096):
                block = np.ascontiguousarray(samples[:, start : start + 4096])
                frame = av.AudioFrame.from_ndarray(block, "fltp", layout)
                frame.sample_rate, frame.pts, frame.time_base = self.rate_hz, start, Fraction(1, self.rate_hz)
                container.mux(audio.encode(frame))
            container.mux(audio.encode(None))


class _Pipe:
    """A file that can only be written to."""

    def __init__(self) -> None:
        self.written = bytearray()

    def write(self, content: bytes) -> int:
        self.written += content
        return len(content)


def _picture_stream(container: Any, codec: str) -> Any:
    options = {"deadline": "realtime", "cpu-used": "8"} if codec == "libvpx" else {}
    stream = container.add_stream(codec, rate=25, options=options)
    stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
    stream.metadata["title"] = CANARY
    return stream


def _write_pictures(container: Any, stream: Any) -> None:
    for number in range(int(SECONDS * 25)):
        noise = np.random.default_rng(number).integers(0, 9, (64, 96, 3), dtype=np.uint8)
        frame = av.VideoFrame.from_ndarray(noise + np.uint8(3 * number % 200), "rgb24")
        frame.pts, frame.time_base = number, Fraction(1, 25)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _wav(codec: str) -> Recipe:
    return Recipe(f"{codec}.wav", "wav", codec, 8_000, 2)


EXACT = [
    *map(_wav, ("pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le", "pcm_mulaw", "pcm_alaw")),
    Recipe("rf64.wav", "wav", "pcm_s16le", 16_000, 2, options={"rf64": "always"}),
    Recipe("four-channels.wav", "wav", "pcm_s16le", 16_000, 4),
    Recipe("pcm.w64", "w64", "pcm_s16le", 16_000, 2),
    Recipe("pcm.aiff", "aiff", "pcm_s24be", 16_000, 2),
    Recipe("mulaw.au", "au", "pcm_mulaw", 8_000, 2),
    Recipe("pcm.caf", "caf", "pcm_s16le", 16_000, 2),
    Recipe("pcm.voc", "voc", "pcm_s16le", 16_000, 1),
    Recipe("flac-16.flac", "flac", "flac", 44_100, 2),
    Recipe("flac-24.flac", "FLAC", "PCM_24", 48_000, 1, by_soundfile=True),
    Recipe("flac.ogg", "ogg", "flac", 16_000, 2),
    Recipe("alac.m4a", "ipod", "alac", 44_100, 2),
    Recipe("pcm.mov", "mov", "pcm_s16le", 16_000, 2),
    Recipe("flac.mka", "matroska", "flac", 16_000, 2),
    Recipe("wavpack.wv", "wv", "wavpack", 16_000, 2),
    Recipe("tta.tta", "tta", "tta", 16_000, 2),
]
"""Formats whose redacted copy holds the source's own samples outside of the muted spans."""

LOSSY = [
    _wav("adpcm_ms"),
    _wav("adpcm_ima_wav"),
    Recipe("ima-by-soundfile.wav", "WAV", "IMA_ADPCM", 8_000, 1, by_soundfile=True),
    Recipe("gsm.wav", "WAV", "GSM610", 8_000, 1, by_soundfile=True),
    Recipe("stereo.mp3", "mp3", "libmp3lame", 44_100, 2, 96_000),
    Recipe("telephone.mp3", "mp3", "libmp3lame", 8_000, 1, 16_000),
    Recipe("bare.mp3", "mp3", "libmp3lame", 16_000, 1, 32_000, options={"write_xing": "0"}),
    Recipe("layer-two.mp2", "mp2", "mp2", 44_100, 2, 128_000),
    Recipe("vorbis.ogg", "OGG", "VORBIS", 44_100, 2, by_soundfile=True),
    Recipe("telephone.oga", "OGG", "VORBIS", 8_000, 1, by_soundfile=True),
    Recipe("stereo.opus", "ogg", "libopus", 48_000, 2, 48_000),
    Recipe("telephone.opus", "ogg", "libopus", 8_000, 1, 16_000),
    Recipe("stereo.m4a", "ipod", "aac", 44_100, 2, 96_000),
    Recipe("telephone.m4a", "ipod", "aac", 8_000, 1, 24_000),
    Recipe("audio.mp4", "mp4", "aac", 16_000, 1, 32_000),
    Recipe("fragments.mp4", "mp4", "aac", 16_000, 1, 32_000, options={"movflags": "frag_keyframe+empty_moov"}),
    Recipe("bare.aac", "adts", "aac", 16_000, 1, 32_000),
    Recipe("narrow.amr", "amr", "libopencore_amrnb", 8_000, 1, 12_200),
    Recipe("narrow.3gp", "3gp", "libopencore_amrnb", 8_000, 1, 12_200),
    Recipe("stereo.wma", "asf", "wmav2", 44_100, 2, 96_000),
    Recipe("bare.ac3", "ac3", "ac3", 48_000, 2, 192_000),
    Recipe("opus.mka", "matroska", "libopus", 48_000, 2, 48_000),
    Recipe("aac.mka", "matroska", "aac", 44_100, 2, 96_000),
    Recipe("opus.weba", "webm", "libopus", 48_000, 1, 32_000),
]
"""Formats that are encoded anew: aligned with the source, of its length."""

VIDEO = [
    Recipe("h264.mp4", "mp4", "aac", 44_100, 2, 96_000, "libx264"),
    Recipe("mpeg4.mov", "mov", "aac", 48_000, 2, 96_000, "mpeg4"),
    Recipe("h264-aac.mkv", "matroska", "aac", 44_100, 2, 96_000, "libx264"),
    Recipe("h264-opus.mkv", "matroska", "libopus", 48_000, 2, 64_000, "libx264"),
    Recipe("vp8.webm", "webm", "libopus", 48_000, 2, 64_000, "libvpx"),
    Recipe("wmv2.wmv", "asf", "wmav2", 44_100, 2, 96_000, "wmv2"),
]

VIDEO_ELSEWHERE = [
    Recipe("mpeg4.avi", "avi", "libmp3lame", 44_100, 2, 96_000, "mpeg4"),
    Recipe("h264.flv", "flv", "aac", 44_100, 2, 96_000, "libx264"),
    Recipe("h264.ts", "mpegts", "aac", 44_100, 2, 96_000, "libx264"),
    Recipe("h264.m2ts", "mpegts", "aac", 44_100, 2, 96_000, "libx264", {"mpegts_m2ts_mode": "1"}),
    Recipe("mpeg1.mpg", "mpeg", "mp2", 44_100, 2, 128_000, "mpeg1video"),
]
"""Video whose container is read and not written: its copy is Matroska, and says so."""

READ_ONLY = [
    Recipe("pcm.avi", "avi", "pcm_s16le", 8_000, 2),
    Recipe("mp3.avi", "avi", "libmp3lame", 16_000, 1, 32_000),
    Recipe("ulaw.aifc", "aiff", "pcm_mulaw", 8_000, 1),
    Recipe("pcm.au", "au", "pcm_s16be", 8_000, 1),
    Recipe("alaw.caf", "caf", "pcm_alaw", 8_000, 1),
    Recipe("ima.caf", "caf", "adpcm_ima_qt", 8_000, 1),
    Recipe("alac.caf", "CAF", "ALAC_16", 8_000, 1, by_soundfile=True),
    Recipe("mulaw.w64", "w64", "pcm_mulaw", 8_000, 1),
    Recipe("mulaw.voc", "voc", "pcm_mulaw", 8_000, 1),
    Recipe("pcm.rf64", "RF64", "PCM_16", 8_000, 1, by_soundfile=True),
    Recipe("extensible.wav", "WAVEX", "PCM_16", 8_000, 1, by_soundfile=True),
    Recipe("float.wav", "WAV", "FLOAT", 8_000, 1, by_soundfile=True),
    Recipe("ulaw.sph", "NIST", "ULAW", 8_000, 1, by_soundfile=True),
    Recipe("by-soundfile.mp3", "MP3", "MPEG_LAYER_III", 16_000, 1, by_soundfile=True),
    Recipe("aac.ts", "mpegts", "aac", 16_000, 1, 32_000),
    Recipe("mp3.ts", "mpegts", "libmp3lame", 44_100, 1, 64_000),
    Recipe("mp2.mpg", "mpeg", "mp2", 44_100, 2, 128_000),
    Recipe("ac3.vob", "vob", "ac3", 48_000, 2, 128_000),
    Recipe("aac.flv", "flv", "aac", 44_100, 1, 64_000),
    Recipe("pcm.flv", "flv", "pcm_s16le", 44_100, 1),
    Recipe("pcm.mxf", "mxf", "pcm_s16le", 48_000, 1, None, "mpeg2video"),
    Recipe("atom.mxf", "mxf_opatom", "pcm_s16le", 48_000, 1),
    Recipe("pcm.mka", "matroska", "pcm_s16le", 8_000, 1),
    Recipe("bare.eac3", "eac3", "eac3", 48_000, 2, 192_000),
    Recipe("bare.loas", "latm", "aac", 16_000, 1, 32_000),
    Recipe("index-first.m4a", "ipod", "aac", 16_000, 1, 32_000, options={"movflags": "faststart"}),
    Recipe("many.mp4", "mp4", "aac", 16_000, 1, 32_000, options={"movflags": "empty_moov", "frag_duration": "1000000"}),
    Recipe(
        "no-index.mp4",
        "mp4",
        "aac",
        16_000,
        1,
        32_000,
        options={"movflags": "dash+skip_trailer", "frag_duration": "1000000"},
    ),
    Recipe(
        "segments.mp4",
        "mp4",
        "aac",
        16_000,
        1,
        32_000,
        options={"movflags": "dash+global_sidx", "frag_duration": "1000000"},
    ),
]
"""More of what containers hold."""

UNWRITABLE = [Recipe("sphere.sph", "NIST", "PCM_16", 16_000, 1, by_soundfile=True)]
