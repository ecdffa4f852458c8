"""Encoding: like the source, exactly or aligned with it, and nothing but audio (functions, real files)."""

from __future__ import annotations

import struct
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
import soxr

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.media import MediaInfo
from hushbeam.transforms.media.decode import Decoder
from hushbeam.transforms.media.encode import Encoder
from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.output_format import QUALITIES, output_format
from hushbeam.transforms.media.samples import to_float
from tests.transforms.media.recordings import CANARY, EXACT, LOSSY, UNWRITABLE, VIDEO, VIDEO_ELSEWHERE, Recipe

LIMITS = MediaLimits()

BY_NAME = {recipe.name: recipe for recipe in [*EXACT, *LOSSY, *VIDEO, *VIDEO_ELSEWHERE, *UNWRITABLE]}
MP3_IN_WAV = Recipe("mp3.wav", "wav", "libmp3lame", 16_000, 1, 32_000)


def decode(path: Path) -> tuple[np.ndarray[Any, Any], MediaInfo]:
    with Decoder(path, LIMITS) as decoder:
        return np.concatenate(list(decoder.blocks()), axis=1), decoder.info


def copy(source: Path, quality: str = "source", name: str = "copy") -> tuple[Path, str]:
    with Decoder(source, LIMITS) as decoder:
        output = output_format(decoder.info, quality, source.suffix)
        path = source.parent / f"{name}{output.suffix}"
        with Encoder(path, source, decoder.info, output, LIMITS) as encoder:
            for block in decoder.blocks():
                encoder.write(block)
    return path, output.note


def lag_s(source: np.ndarray[Any, Any], copied: np.ndarray[Any, Any], rate_hz: int) -> float:
    """How much later the copy is, by cross-correlation."""
    one, other = to_float(source).mean(axis=0), to_float(copied).mean(axis=0)
    size = 2 * max(len(one), len(other))
    correlation = np.fft.irfft(np.fft.rfft(other, size) * np.conj(np.fft.rfft(one, size)), size)
    peak = int(np.argmax(correlation))
    return (peak if peak < size // 2 else peak - size) / rate_hz


@pytest.mark.parametrize("recipe", EXACT, ids=lambda recipe: recipe.name)
def test_lossless_formats_keep_every_sample(tmp_path: Path, recipe: Recipe) -> None:
    source = recipe.write(tmp_path)
    samples, info = decode(source)
    path, note = copy(source)
    copied, written = decode(path)
    assert path.suffix == source.suffix
    assert not note
    assert (written.container, written.codec, written.bits) == (info.container, info.codec, info.bits)
    assert copied.dtype == samples.dtype
    np.testing.assert_array_equal(copied, samples)


@pytest.mark.parametrize("recipe", [*LOSSY, *VIDEO, *VIDEO_ELSEWHERE, MP3_IN_WAV], ids=lambda recipe: recipe.name)
def test_lossy_formats_stay_aligned_and_keep_their_length(tmp_path: Path, recipe: Recipe) -> None:
    source = recipe.write(tmp_path)
    samples, info = decode(source)
    path, note = copy(source)
    copied, written = decode(path)
    assert (written.codec, written.sample_rate_hz, written.channels) == (info.codec, info.sample_rate_hz, info.channels)
    assert abs(lag_s(samples, copied, info.sample_rate_hz)) < 0.01
    longest = 0.04 if recipe is MP3_IN_WAV else 0.02
    assert abs(copied.shape[1] - samples.shape[1]) / info.sample_rate_hz <= longest
    assert written.nominal_rate_hz == info.nominal_rate_hz
    if recipe in VIDEO_ELSEWHERE:
        assert (path.suffix, written.container) == (".mkv", "matroska")
        assert "written in matroska" in note
    else:
        assert (path.suffix, written.container) == (source.suffix, info.container)
        assert not note


@pytest.mark.parametrize("recipe", [*EXACT, *LOSSY, *VIDEO, VIDEO_ELSEWHERE[0]], ids=lambda recipe: recipe.name)
def test_only_audio_and_pictures_are_written(tmp_path: Path, recipe: Recipe) -> None:
    path, _ = copy(recipe.write(tmp_path))
    assert b"CANARY" not in path.read_bytes()
    with av.open(str(path)) as container:
        tags = {**container.metadata}
        for stream in container.streams:
            tags |= stream.metadata
        assert len(container.chapters()) == 0
        assert [stream.type for stream in container.streams].count("audio") == 1
    ours = {"language", "handler_name", "vendor_id", "encoder", "duration", "major_brand", "minor_version"}
    assert {tag.lower() for tag in tags} <= ours | {"compatible_brands", "material_package_umid"}


def test_the_canary_is_in_the_sources(tmp_path: Path) -> None:
    tagged = [recipe for recipe in [*EXACT, *LOSSY, *VIDEO] if CANARY.encode() in recipe.write(tmp_path).read_bytes()]
    assert len(tagged) > 30


@pytest.mark.parametrize(
    "name",
    [
        *("pcm_s16le.wav", "pcm.aiff", "pcm.caf", "flac-16.flac", "stereo.mp3", "vorbis.ogg", "stereo.opus", "gsm.wav"),
        *("stereo.m4a", "narrow.amr", "opus.mka", "h264.mp4", "mpeg4.mov", "vp8.webm", "h264-aac.mkv", "stereo.wma"),
    ],
)
def test_the_same_audio_gives_the_same_bytes(tmp_path: Path, name: str) -> None:
    source = BY_NAME[name].write(tmp_path)
    one, _ = copy(source, name="one")
    other, _ = copy(source, name="other")
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("quality", ["wav", "flac", "mp3"])
@pytest.mark.parametrize("name", ["pcm_mulaw.wav", "flac-24.flac", "stereo.mp3", "stereo.opus", "h264.mp4"])
def test_the_requested_quality_is_written(tmp_path: Path, quality: str, name: str) -> None:
    source = BY_NAME[name].write(tmp_path)
    samples, info = decode(source)
    path, note = copy(source, quality)
    copied, written = decode(path)
    assert (path.suffix, written.container) == (f".{quality}", quality)
    assert not note
    assert copied.shape == samples.shape
    assert (written.sample_rate_hz, written.has_video) == (info.sample_rate_hz, False)
    assert abs(lag_s(samples, copied, info.sample_rate_hz)) < 0.01
    if info.bits is not None and quality != "mp3":
        np.testing.assert_array_equal(copied, samples)


def test_other_readers_agree_about_mp3_and_ogg(tmp_path: Path) -> None:
    for name in ("stereo.mp3", "vorbis.ogg", "telephone.opus"):
        source = BY_NAME[name].write(tmp_path)
        path, _ = copy(source)
        before, after = soundfile.info(source), soundfile.info(path)
        assert (after.samplerate, after.channels, after.subtype) == (before.samplerate, before.channels, before.subtype)
        assert after.frames == pytest.approx(before.frames, abs=0.02 * before.samplerate)


def test_mp3_that_cannot_hold_the_audio_becomes_flac_with_a_note(tmp_path: Path) -> None:
    path, note = copy(BY_NAME["four-channels.wav"].write(tmp_path), "mp3")
    assert path.suffix == ".flac"
    assert "mp3 cannot hold 4 channels" in note


def test_a_format_that_cannot_be_written_becomes_the_nearest_and_says_so(tmp_path: Path) -> None:
    source = UNWRITABLE[0].write(tmp_path)
    path, note = copy(source)
    assert path.suffix == ".flac"
    assert "nistsphere cannot be written" in note
    np.testing.assert_array_equal(decode(path)[0], decode(source)[0])


def test_vorbis_in_webm_becomes_opus_and_says_so(tmp_path: Path) -> None:
    source = tmp_path / "vorbis.webm"
    with av.open(str(BY_NAME["vorbis.ogg"].write(tmp_path))) as ogg, av.open(str(source), "w") as webm:
        track = webm.add_stream_from_template(ogg.streams.audio[0])
        for packet in ogg.demux(audio=0):
            if packet.size:
                packet.stream = track
                webm.mux_one(packet)
    samples, info = decode(source)
    assert (info.container, info.codec, info.sample_rate_hz) == ("webm", "vorbis", 44_100)
    path, note = copy(source)
    copied, written = decode(path)
    assert (written.container, written.codec) == ("webm", "opus")
    assert "the audio is opus; the sample rate is 48000 Hz" in note
    assert copied.shape[1] / 48_000 == pytest.approx(samples.shape[1] / 44_100, abs=0.02)
    at_source_rate = soxr.resample(copied.T, 48_000, 44_100).T
    assert abs(lag_s(samples, at_source_rate, 44_100)) < 0.01


def test_a_usual_suffix_is_kept_and_a_wrong_one_is_not(tmp_path: Path) -> None:
    source = BY_NAME["stereo.opus"].write(tmp_path)
    assert copy(source)[0].suffix == ".opus"
    assert copy(source.rename(tmp_path / "x.wav"))[0].suffix == ".ogg"


def test_an_unknown_quality_is_a_mistake_of_configuration(tmp_path: Path) -> None:
    with (
        Decoder(BY_NAME["gsm.wav"].write(tmp_path), LIMITS) as decoder,
        pytest.raises(ConfigurationError) as refused,
    ):
        output_format(decoder.info, "best")
    assert all(quality in str(refused.value) for quality in QUALITIES)


@pytest.mark.parametrize(
    "name", ["pcm_s16le.wav", "flac-16.flac", "stereo.mp3", "vorbis.ogg", "stereo.m4a", "h264.mp4"]
)
def test_a_full_disk_ends_the_recording_and_may_be_tried_again(tmp_path: Path, name: str) -> None:
    source = BY_NAME[name].write(tmp_path)
    with Decoder(source, LIMITS) as decoder:
        output = output_format(decoder.info, "source", source.suffix)
        path = tmp_path / f"copy{output.suffix}"
        path.symlink_to("/dev/full")
        with (
            pytest.raises(MediaError) as refused,
            Encoder(path, source, decoder.info, output, LIMITS) as encoder,
        ):
            for block in decoder.blocks():
                encoder.write(block)
    assert refused.value.reason == "not_written"
    assert refused.value.retryable
    assert not path.is_symlink()


@pytest.mark.parametrize("name", ["pcm_s16le.wav", "vorbis.ogg", "h264.mp4"])
def test_a_failure_half_way_leaves_no_file(tmp_path: Path, name: str) -> None:
    source = BY_NAME[name].write(tmp_path)
    path = tmp_path / f"copy{source.suffix}"
    with Decoder(source, LIMITS) as decoder:
        output = output_format(decoder.info, "source", source.suffix)
        with pytest.raises(KeyError), Encoder(path, source, decoder.info, output, LIMITS) as encoder:
            encoder.write(next(decoder.blocks()))
            raise KeyError
    assert not path.exists()


@pytest.mark.parametrize(
    ("muxer", "codec", "rate_hz", "becomes"),
    [
        ("matroska", "pcm_mulaw", 8_000, "flac"),
        ("matroska", "pcm_alaw", 8_000, "flac"),
        ("au", "g722", 16_000, "pcm_s16be"),
    ],
)
def test_a_codec_that_cannot_be_written_into_its_container_becomes_another(
    tmp_path: Path, muxer: str, codec: str, rate_hz: int, becomes: str
) -> None:
    source = foreign(tmp_path, muxer, codec, rate_hz)
    samples, info = decode(source)
    path, note = copy(source)
    copied, written = decode(path)
    assert (written.container, written.codec) == (info.container, becomes)
    assert f"cannot be written: the audio is {becomes}" in note
    np.testing.assert_array_equal(copied, samples)


def foreign(folder: Path, muxer: str, codec: str, rate_hz: int) -> Path:
    """A telephone call as other writers make it, though FFmpeg's own list of what the container holds lacks it."""
    by_ffmpeg = Recipe(f"foreign-{codec}.wav", "wav", codec, rate_hz, 1)
    path = folder / f"foreign.{muxer}"
    with av.open(str(by_ffmpeg.write(folder))) as wav:
        track, packets = wav.streams.audio[0], [bytes(packet) for packet in wav.demux(audio=0)]
        kind = str(track.codec_context.codec.canonical_name)
    audio = b"".join(packets)
    if muxer == "au":
        path.write_bytes(b".snd" + b"".join(n.to_bytes(4, "big") for n in (24, len(audio), 24, rate_hz, 1)) + audio)
    else:
        path.write_bytes(acm_in_matroska({"pcm_mulaw": 7, "pcm_alaw": 6}[kind], audio, rate_hz))
    return path


def acm_in_matroska(number: int, audio: bytes, rate_hz: int) -> bytes:
    """One track of the codec that Windows numbers so, as mkvmerge and recorders of telephony write it."""
    fields = (number, 1, rate_hz, rate_hz, 1, 8, 0)
    form = b"".join(value.to_bytes(size, "little") for value, size in zip(fields, (2, 2, 4, 4, 2, 2, 2), strict=True))
    rate = element(0xB5, struct.pack(">f", rate_hz)) + element(0x9F, b"\1") + element(0x6264, b"\x08")
    track = element(0xD7, b"\1") + element(0x73C5, b"\1") + element(0x83, b"\2") + element(0x86, b"A_MS/ACM")
    tracks = element(0x1654AE6B, element(0xAE, track + element(0x63A2, form) + element(0xE1, rate)))
    about = element(0x2AD7B1, (10**6).to_bytes(3, "big"))
    about += element(0x4489, struct.pack(">d", 1000 * len(audio) / rate_hz))
    blocks = b"".join(
        element(0xA3, b"\x81" + (1000 * start // rate_hz).to_bytes(2, "big") + b"\x80" + audio[start : start + 800])
        for start in range(0, len(audio), 800)
    )
    segment = element(0x1549A966, about) + tracks + element(0x1F43B675, element(0xE7, b"\0") + blocks)
    return element(0x1A45DFA3, element(0x4282, b"matroska")) + element(0x18538067, segment)


def element(number: int, content: bytes) -> bytes:
    """Of Matroska: an id, a size, a content."""
    return (
        number.to_bytes((number.bit_length() + 7) // 8, "big") + (1 << 56 | len(content)).to_bytes(8, "big") + content
    )


@pytest.mark.parametrize("container", ["wav", "rf64", "w64", "aiff", "au", "caf", "voc", "mov", "matroska", "asf"])
@pytest.mark.parametrize("codec", ["pcm_s16be", "pcm_s24be", "pcm_s8", "pcm_f32be", "pcm_dvd", "pcm_mulaw", "adpcm_ms"])
def test_whatever_a_container_holds_can_be_written(tmp_path: Path, container: str, codec: str) -> None:
    decoded = {
        "pcm_s24be": ("int32", 24),
        "pcm_s8": ("uint8", 8),
        "pcm_f32be": ("float32", 32),
        "adpcm_ms": ("int16", 4),
    }
    sample_type, bits = decoded.get(codec, ("int16", 16))
    with Decoder(BY_NAME["pcm_s16le.wav"].write(tmp_path), LIMITS) as decoder:
        info = replace(decoder.info, container=container, codec=codec, sample_type=sample_type, bits=bits)
    output = output_format(info, "source")
    path = tmp_path / f"copy{output.suffix}"
    with Encoder(path, path, info, output, LIMITS) as encoder:
        encoder.write(np.zeros((info.channels, 4000), sample_type))
    channels, frames = decode(path)[0].shape
    assert channels == info.channels
    assert 4000 <= frames < 6000


def test_a_codec_that_a_muxer_does_not_take_ends_the_recording_and_leaves_no_file(tmp_path: Path) -> None:
    with Decoder(BY_NAME["pcm_s16le.wav"].write(tmp_path), LIMITS) as decoder:
        output = replace(output_format(decoder.info, "source"), encoder="pcm_s16be")
        path = tmp_path / f"copy{output.suffix}"
        with (
            pytest.raises(MediaError, match="not_encodable"),
            Encoder(path, tmp_path, decoder.info, output, LIMITS),
        ):
            pass
    assert not path.exists()


@pytest.mark.parametrize("name", ["stereo.opus", "stereo.m4a", "vorbis.ogg", "stereo.mp3"])
@pytest.mark.parametrize("bit_rate", [1, 900_000, 30_000_000, 2**40])
def test_any_bit_rate_that_a_source_seems_to_have_can_be_written(tmp_path: Path, name: str, bit_rate: int) -> None:
    """A picture in its tags, which are larger than the audio, or a header that states nonsense."""
    source = BY_NAME[name].write(tmp_path)
    assert_written_at(source, bit_rate)


@pytest.mark.parametrize("codec", ["mp2", "eac3", "wmav2", "ac3", "wmav1"])
@pytest.mark.parametrize("rate_hz", [16_000, 44_100])
@pytest.mark.parametrize("bit_rate", [1, 61_440, 30_000_000, 2**40])
def test_any_bit_rate_of_other_codecs_can_be_written(tmp_path: Path, codec: str, rate_hz: int, bit_rate: int) -> None:
    source = BY_NAME["pcm_s16le.wav"].write(tmp_path)
    with Decoder(source, LIMITS) as decoder:
        info = replace(decoder.info, codec=codec, bits=None, bit_rate=bit_rate, sample_rate_hz=rate_hz)
    containers = {"wmav1": "asf", "wmav2": "asf"}
    output = output_format(replace(info, container=containers.get(codec, codec)), "source")
    path = tmp_path / f"copy{output.suffix}"
    with Encoder(path, source, info, output, LIMITS) as encoder:
        encoder.write(np.zeros((info.channels, rate_hz), info.sample_type))
    assert path.stat().st_size


def assert_written_at(source: Path, bit_rate: int) -> None:
    with Decoder(source, LIMITS) as decoder:
        info = replace(decoder.info, bit_rate=bit_rate)
        output = output_format(info, "source")
        path = source.parent / f"copy{output.suffix}"
        with Encoder(path, source, info, output, LIMITS) as encoder:
            for block in decoder.blocks():
                encoder.write(block)
    assert decode(path)[0].shape[0] == info.channels


@pytest.mark.parametrize("rate_hz", [8000, 16000, 48000])
def test_audio_too_short_for_vorbis_is_refused_and_a_little_more_can_be_read(tmp_path: Path, rate_hz: int) -> None:
    for frames, is_written in ((round(0.015 * rate_hz), False), (round(0.05 * rate_hz), True)):
        source = tmp_path / f"{frames}.wav"
        soundfile.write(source, np.full(frames, 0.1), rate_hz, subtype="PCM_16")
        with Decoder(source, LIMITS) as decoder:
            info, blocks = decoder.info, list(decoder.blocks())
        path = tmp_path / f"{frames}.ogg"
        output = replace(output_format(info, "source"), suffix=".ogg", muxer="OGG", encoder="VORBIS")
        expected = nullcontext() if is_written else pytest.raises(MediaError, match="not_encodable: the recording is")
        with expected, Encoder(path, source, info, output, LIMITS) as encoder:
            for block in blocks:
                encoder.write(block)
        assert path.exists() == is_written
        if is_written:
            with Decoder(path, LIMITS) as decoder:
                assert sum(block.shape[1] for block in decoder.blocks()) > 0
