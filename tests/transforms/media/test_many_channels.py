"""One to eight channels: each stays itself, in every container (functions, real files)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile

from hushbeam.schemas.spans import TimeSpan
from hushbeam.transforms.media.decode import Decoder
from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.output_format import QUALITIES
from hushbeam.transforms.media.samples import to_float
from hushbeam.transforms.mute_audio.muting import Muting
from hushbeam.transforms.mute_audio.render import render

RATE_HZ = 48_000
LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
MUXERS = {
    "audio.wav": ("wav", "pcm_s16le", "s16"),
    "audio.flac": ("flac", "flac", "s16"),
    "audio.m4a": ("ipod", "aac", "fltp"),
    "audio.opus": ("ogg", "libopus", "s16"),
    "audio.wv": ("wv", "wavpack", "s16p"),
    "audio.mka": ("matroska", "flac", "s16"),
    "audio.au": ("au", "pcm_s16be", "s16"),
    "audio.caf": ("caf", "pcm_s16le", "s16"),
    "audio.mov": ("mov", "pcm_s16le", "s16"),
}
LOW_FREQUENCIES = {6: 3, 7: 3, 8: 3}
"""The channel that AAC keeps for low frequencies holds nothing above 120 Hz."""


def tones(channels: int) -> np.ndarray:
    """A second of another tone in each channel."""
    time = np.arange(RATE_HZ) / RATE_HZ
    return np.stack([0.3 * np.sin(2 * np.pi * (200 + 50 * channel) * time) for channel in range(channels)])


def write(path: Path, channels: int) -> Path:
    muxer, codec, sample_format = MUXERS[path.name]
    layout = LAYOUTS[channels]
    with path.open("wb") as file, av.open(file, "w", format=muxer) as container:
        stream: Any = container.add_stream(codec, rate=RATE_HZ, layout=layout, format=sample_format)
        packed = np.ascontiguousarray((tones(channels) * 32767).astype(np.int16).T).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, "s16", layout)
        frame.sample_rate, frame.pts = RATE_HZ, 0
        container.mux([*stream.encode(frame), *stream.encode(None)])
    return path


def tones_of(path: str | Path) -> list[int]:
    """The tone in each channel; 0 in a silent one."""
    with Decoder(path, MediaLimits()) as decoder:
        audio = to_float(np.concatenate(list(decoder.blocks()), axis=1))
        rate_hz = decoder.info.sample_rate_hz
    strongest = np.abs(np.fft.rfft(audio[:, : rate_hz // 2])).argmax(axis=1) * 2
    loud = np.abs(audio).max(axis=1) > 0.01
    return [round(tone / 50) * 50 if is_loud else 0 for tone, is_loud in zip(strongest, loud, strict=True)]


@pytest.mark.parametrize("channels", range(1, 9))
@pytest.mark.parametrize("name", MUXERS)
def test_every_channel_is_read_as_itself(tmp_path: Path, name: str, channels: int) -> None:
    if name == "audio.opus" and channels in (5, 7):
        pytest.skip("FFmpeg's own encoder exchanges them")
    expected = [200 + 50 * channel for channel in range(channels)]
    found = tones_of(write(tmp_path / name, channels))
    if name.endswith("m4a") and channels in LOW_FREQUENCIES:
        del expected[LOW_FREQUENCIES[channels]], found[LOW_FREQUENCIES[channels]]
    assert found == expected


@pytest.mark.parametrize("channels", [5, 7])
def test_channels_that_an_encoder_would_exchange_are_written_otherwise(tmp_path: Path, channels: int) -> None:
    source = write(tmp_path / "audio.opus", channels)
    rendered = render(
        source, tmp_path / "copy", [], muting=Muting(), quality="source", expected=None, limits=MediaLimits()
    )
    assert tones_of(rendered.path) == tones_of(source)
    assert "opus in ogg cannot be written" in rendered.note


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("name", MUXERS)
def test_a_recording_of_eight_channels_is_muted_and_written(tmp_path: Path, name: str, quality: str) -> None:
    source = write(tmp_path / name, 8)
    spans = [TimeSpan(7, 0.0, 1.0), TimeSpan(2, 0.0, 1.0)]
    before = tones_of(source)
    after = tones_of(
        render(
            source, tmp_path / "copy", spans, quality=quality, muting=Muting(), expected=None, limits=MediaLimits()
        ).path
    )
    assert after == [0 if channel in (2, 7) else tone for channel, tone in enumerate(before)]


@pytest.mark.parametrize("channels", range(1, 9))
def test_vorbis_keeps_the_order_of_channels(tmp_path: Path, channels: int) -> None:
    source = tmp_path / "audio.ogg"
    soundfile.write(source, tones(channels).T, RATE_HZ, format="OGG", subtype="VORBIS")
    copy = render(
        source, tmp_path / "copy", [], muting=Muting(), quality="source", expected=None, limits=MediaLimits()
    ).path
    assert copy.endswith(".ogg")
    assert tones_of(copy) == tones_of(source)


def test_nine_channels_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "nine.wav"
    soundfile.write(path, np.zeros((8000, 9)), 8000, subtype="PCM_16")
    with pytest.raises(MediaError, match=r"too_many_channels: .* 9 channels"):
        tones_of(path)
