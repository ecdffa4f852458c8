"""Output format of a redacted recording: that of its source, or the nearest that the libraries can write."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

import av

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.media import MediaInfo

QUALITIES = ("source", "mp3", "wav", "flac")

_OPUS_RATES_HZ = (8_000, 12_000, 16_000, 24_000, 48_000)
_MP3_BIT_RATES = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MP3_LOW_BIT_RATES = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_MP2_BIT_RATES = (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384)


@dataclass(frozen=True)
class OutputFormat:
    """A format of audio or video files.

    Attributes:
      suffix: Of the file's name, with its dot.
      muxer: FFmpeg's name of the container; libsndfile's where `encoder` is one of `SOUNDFILE_SUBTYPES`.
      encoder: FFmpeg's name of the encoder, or libsndfile's of the subtype.
      sample_format: FFmpeg's name of the samples that the encoder gets.
      bit_rate: Bits per second; None for lossless codecs and for the encoder's own choice.
      codec_options, muxer_options: FFmpeg's.
      delay: Number of samples by which the decoded output would be late, in containers that cannot state it. This
        number of samples is left out at the start, so that all later ones keep their time. If negative, samples of
        silence are added before the start, because decoders drop that number of samples.
      rate_hz: Sample rate, if the encoder does not take the source's; None for the source's.
      video: Whether the source's pictures are copied.
      note: How the output differs from the source in kind; empty if it does not.
    """

    suffix: str
    muxer: str
    encoder: str
    sample_format: str
    bit_rate: int | None = None
    codec_options: Mapping[str, str] = field(default_factory=dict)
    muxer_options: Mapping[str, str] = field(default_factory=dict)
    delay: int = 0
    rate_hz: int | None = None
    video: bool = False
    note: str = ""


SOUNDFILE_SUBTYPES = ("VORBIS", "GSM610")
"""Encoders of libsndfile, for formats that FFmpeg's build does not write, or not well."""


@dataclass(frozen=True)
class _Family:
    """A container that can be written.

    Attributes:
      suffixes: File name suffixes in use for it, the usual one first.
      codecs: Codecs that it holds, the best replacement for codecs without an encoder first.
    """

    muxer: str
    suffixes: tuple[str, ...]
    codecs: tuple[str, ...]
    options: Mapping[str, str] = field(default_factory=dict)


_MATROSKA_CODECS = ("aac", "opus", "mp3", "mp2", "ac3", "eac3", "flac", "pcm", "alac")
_MP3_OPTIONS = {"id3v2_version": "0", "write_id3v1": "0"}

_FAMILIES: Mapping[str, _Family] = {
    "wav": _Family("wav", (".wav", ".wave"), ("pcm", "adpcm_ms", "adpcm_ima_wav", "gsm_ms", "mp3")),
    "rf64": _Family("wav", (".wav", ".rf64"), ("pcm",), {"rf64": "always"}),
    "w64": _Family("w64", (".w64",), ("pcm",)),
    "aiff": _Family("aiff", (".aiff", ".aif", ".aifc"), ("pcm",)),
    "au": _Family("au", (".au", ".snd"), ("pcm",)),
    # FFmpeg's ALAC in CAF loses its last packet's end when it is read again.
    "caf": _Family("caf", (".caf",), ("pcm",)),
    "flac": _Family("flac", (".flac",), ("flac",)),
    "mp3": _Family("mp3", (".mp3", ".mpga"), ("mp3",), _MP3_OPTIONS),
    "mp2": _Family("mp2", (".mp2", ".mpga"), ("mp2",)),
    "ogg": _Family("ogg", (".ogg", ".oga", ".opus", ".mogg"), ("opus", "vorbis", "flac")),
    "m4a": _Family("ipod", (".m4a", ".m4b", ".m4r", ".m4p", ".mp4"), ("aac", "alac")),
    "mp4": _Family("mp4", (".mp4", ".m4a"), ("aac", "alac", "mp3", "opus", "ac3")),
    "mov": _Family("mov", (".mov", ".qt"), ("aac", "alac", "pcm", "mp3", "ac3")),
    "3gp": _Family("3gp", (".3gp", ".3g2", ".3ga"), ("aac", "amr_nb")),
    "adts": _Family("adts", (".aac",), ("aac",)),
    "ac3": _Family("ac3", (".ac3",), ("ac3",)),
    "eac3": _Family("eac3", (".eac3", ".ec3"), ("eac3",)),
    "amr": _Family("amr", (".amr",), ("amr_nb",)),
    "asf": _Family("asf", (".wma", ".asf"), ("wmav2", "wmav1")),
    "matroska": _Family("matroska", (".mka",), _MATROSKA_CODECS),
    "webm": _Family("webm", (".webm", ".weba"), ("opus",)),
    "wv": _Family("wv", (".wv",), ("wavpack",)),
    "tta": _Family("tta", (".tta",), ("tta",)),
    "voc": _Family("voc", (".voc",), ("pcm_u8", "pcm_s16le", "pcm_alaw", "pcm_mulaw")),
}

_VIDEO_FAMILIES: Mapping[str, _Family] = {
    "mp4": _Family("mp4", (".mp4", ".m4v"), ("aac", "alac", "mp3", "opus", "ac3")),
    "mov": _Family("mov", (".mov", ".qt"), ("aac", "alac", "pcm", "mp3", "ac3")),
    "matroska": _Family("matroska", (".mkv",), _MATROSKA_CODECS),
    "asf": _Family("asf", (".wmv", ".asf"), ("wmav2", "wmav1")),
    "webm": _Family("webm", (".webm",), ("opus",)),
}

_ENCODERS: Mapping[str, str] = {
    "mp3": "libmp3lame",
    "opus": "libopus",
    "amr_nb": "libopencore_amrnb",
    "vorbis": "VORBIS",
    "gsm_ms": "GSM610",
}

_CODEC_OPTIONS: Mapping[str, Mapping[str, str]] = {
    # LAME's quality, 0 (slow) to 9: 7 takes half the time of the default, without an audible difference in calls. Two
    # speakers have little in common: separate channels are faster, and neither can be heard in the other.
    "mp3": {"compression_level": "7", "joint_stereo": "0"},
    "aac": {"aac_coder": "fast"},
    "opus": {"compression_level": "5"},
}

_BIT_RATE_LIMITS = {
    "opus": (0, 256_000),
    "eac3": (24_000, 1_000_000),
    "wmav1": (24_000, 1_000_000),
    "wmav2": (24_000, 1_000_000),
}
"""Limits of the encoders; the upper limit of Opus is for each channel."""

_DELAYS = {
    ("adts", "aac"): 1024,
    ("ac3", "ac3"): 256,
    ("eac3", "eac3"): 256,
    ("amr", "amr_nb"): 40,
    ("mp2", "mp2"): 481,
    ("wav", "mp3"): 1105,
}

_MOST_CHANNELS = {
    "mp3": 2,
    "mp2": 2,
    "eac3": 6,
    "amr_nb": 1,
    "gsm_ms": 1,
    "adpcm_ms": 2,
    "adpcm_ima_wav": 2,
    "wmav1": 2,
    "wmav2": 2,
    "ac3": 6,
}

_CHANNELS_IN_DISORDER = {"opus": (5, 7)}
"""FFmpeg's libopus encoder exchanges the channels of 5.0 and 6.1, as libopus itself reads them."""

_ADPCM_BLOCKS = tuple(2**power for power in range(5, 14))
_ISO_MUXERS = ("mp4", "mov", "ipod", "3gp")

# For each decoded sample type: lossless formats first, the narrowest of them first.
_SAMPLE_FORMATS: Mapping[str, tuple[str, ...]] = {
    "uint8": ("u8", "u8p", "s16", "s16p", "s32", "s32p", "fltp", "flt"),
    "int16": ("s16", "s16p", "s32", "s32p", "fltp", "flt"),
    "int32": ("s32", "s32p", "fltp", "flt", "s16", "s16p"),
    "float32": ("fltp", "flt", "dbl", "s32", "s32p", "s16", "s16p"),
    "float64": ("dbl", "fltp", "flt", "s32", "s32p", "s16", "s16p"),
}

_COMPANDED = ("pcm_mulaw", "pcm_alaw")
"""Eight bits that decode to 13 or 14, which fit into 16."""

_LOSSLESS = ("flac", "alac", "wavpack", "tta", "ape", "tak", "wmalossless", "shorten", "truehd", "mlp")


def output_format(info: MediaInfo, quality: str, source_suffix: str = "") -> OutputFormat:
    """Chooses the format of a recording's redacted copy.

    Args:
      info: Of the source.
      quality: One of `QUALITIES`.
      source_suffix: Kept if it is a usual suffix of the output's container.

    Raises:
      ConfigurationError: An unknown quality.
    """
    if quality == "source":
        chosen = _like_source(info, source_suffix)
    elif quality == "mp3":
        chosen = _mp3(info)
    elif quality == "wav":
        chosen = _wav(info)
    elif quality == "flac":
        chosen = _flac(info)
    else:
        raise ConfigurationError(f"redact_pii_audio_quality: {quality!r} is not one of {', '.join(QUALITIES)}")
    return chosen


def _like_source(info: MediaInfo, source_suffix: str) -> OutputFormat:
    if info.has_video:
        name = info.container if info.container in _VIDEO_FAMILIES else "mp4" if info.container == "3gp" else "matroska"
        family = _VIDEO_FAMILIES[name]
        notes = [] if name == info.container else [f"video in {info.container} is written in {name}"]
    elif info.container in _FAMILIES:
        family = _FAMILIES[info.container]
        notes = []
    else:
        return _nearest(info)
    itself = _holds(family, info.codec) and _encodes(info, info.codec)
    codec = info.codec if itself else _stand_in(info, family)
    if codec is None:
        return _nearest(info)
    if codec != info.codec:
        notes.append(f"{info.codec} in {info.container} cannot be written: the audio is {codec}")
    suffix = source_suffix.lower() if source_suffix.lower() in family.suffixes else family.suffixes[0]
    written = _written(info, family, codec)
    if written.rate_hz is not None:
        notes.append(f"the sample rate is {written.rate_hz} Hz")
    return replace(written, suffix=suffix, video=info.has_video, note="; ".join(filter(None, [*notes, written.note])))


def _stand_in(info: MediaInfo, family: _Family) -> str | None:
    """The codec of the container that is nearest to the source's: a lossless one for a lossless source."""
    candidates = []
    for codec in family.codecs:
        # Some containers hold little-endian PCM, others big-endian PCM.
        little = _pcm(info)
        candidates += [little, little.removesuffix("le") + "be"] if codec == "pcm" else [codec]
    if _is_lossless(info.codec):
        candidates.sort(key=lambda codec: not _is_lossless(codec))
    return next((codec for codec in candidates if _holds(family, codec) and _encodes(info, codec)), None)


def _nearest(info: MediaInfo) -> OutputFormat:
    """FLAC for lossless sources, AAC for others; WAV if neither can hold the audio."""
    if _is_lossless(info.codec):
        near = _flac(info)
    elif _encodes(info, "aac"):
        near = _written(info, _FAMILIES["m4a"], "aac")
    else:
        near = _wav(info)
    note = f"{info.codec} in {info.container} cannot be written: the audio is {near.encoder} ({near.suffix})"
    return replace(near, note="; ".join(filter(None, [note, near.note])))


def _written(info: MediaInfo, family: _Family, codec: str) -> OutputFormat:
    if codec == "flac":
        flac = _flac(info)
        return replace(flac, muxer=family.muxer, suffix=family.suffixes[0])
    if _ENCODERS.get(codec) in SOUNDFILE_SUBTYPES:
        return OutputFormat(family.suffixes[0], family.muxer.upper(), _ENCODERS[codec], "fltp")
    encoder = _ENCODERS.get(codec, codec)
    options = dict(family.options)
    if family.muxer == "wav" and not options and _is_large(info):
        options["rf64"] = "auto"
    if family.muxer in _ISO_MUXERS and not info.has_video:
        # The unit of edit lists: the default, milliseconds, would cut samples off.
        options["movie_timescale"] = str(info.sample_rate_hz)
    return OutputFormat(
        suffix=family.suffixes[0],
        muxer=family.muxer,
        encoder=encoder,
        sample_format=_sample_format(info.sample_type, encoder),
        bit_rate=_bit_rate(info, codec),
        codec_options=_codec_options(info, codec),
        muxer_options=options,
        delay=_uncompensated_delay(info, family.muxer, codec),
        rate_hz=48_000 if codec == "opus" and info.sample_rate_hz not in _OPUS_RATES_HZ else None,
    )


def _uncompensated_delay(info: MediaInfo, muxer: str, codec: str) -> int:
    """See `OutputFormat.delay`: measured, and covered by the round-trip tests."""
    if codec in {"wmav1", "wmav2"}:
        # FFmpeg's decoder drops one frame more than its encoder adds.
        rate = info.sample_rate_hz
        return -(512 if rate <= 16_000 else 1024 if rate <= (32_000 if codec == "wmav1" else 22_050) else 2048)
    return _DELAYS.get((muxer, codec), 0)


def _mp3(info: MediaInfo) -> OutputFormat:
    if not _encodes(info, "mp3"):
        note = f"mp3 cannot hold {info.channels} channels at {info.sample_rate_hz} Hz: written as flac"
        return replace(_flac(info), note=note)
    return _written(info, _FAMILIES["mp3"], "mp3")


def _wav(info: MediaInfo) -> OutputFormat:
    return _written(info, _FAMILIES["wav"], _pcm(info))


def _pcm(info: MediaInfo) -> str:
    """The PCM codec of the source's depth; 16 bits for lossy sources."""
    if info.bits is None:
        return "pcm_s16le"
    if info.sample_type == "int32":
        return "pcm_s24le" if info.bits <= 24 else "pcm_s32le"
    return {"uint8": "pcm_u8", "float32": "pcm_f32le", "float64": "pcm_f64le"}.get(info.sample_type, "pcm_s16le")


def _flac(info: MediaInfo) -> OutputFormat:
    """16 or 24 bits, which all FLAC players read; 32 only for a source that is 32-bit FLAC."""
    if info.bits is None:
        bits = 16
    elif info.codec == "flac" and info.bits > 24:
        bits = 32
    else:
        bits = 16 if info.sample_type in ("uint8", "int16") else 24
    linear = _is_lossless(info.codec) and info.codec not in _COMPANDED
    note = f"{info.bits}-bit samples are written as {bits}-bit" if linear and bits != info.bits else ""
    return OutputFormat(
        ".flac",
        "flac",
        "flac",
        "s16" if bits == 16 else "s32",
        # FFmpeg treats 32 bits as experimental, and writes 24 without this option.
        codec_options={"strict": "experimental"} if bits == 32 else {},
        note=note,
    )


def _holds(family: _Family, codec: str) -> bool:
    if codec not in family.codecs and not (codec.startswith("pcm_") and "pcm" in family.codecs):
        return False
    encoder = _ENCODERS.get(codec, codec)
    return encoder in SOUNDFILE_SUBTYPES or _accepts(family.muxer, encoder)


@lru_cache
def _accepts(muxer: str, encoder: str) -> bool:
    """Whether a muxer takes an encoder's output: few take all kinds of PCM."""
    with av.open(io.BytesIO(), "w", format=muxer) as container:
        try:
            container.add_stream(encoder)
        except (ValueError, av.error.FFmpegError):
            return False
    return True


def _is_lossless(codec: str) -> bool:
    return codec.startswith("pcm_") or codec in _LOSSLESS


def _codec_options(info: MediaInfo, codec: str) -> Mapping[str, str]:
    if codec.startswith("adpcm_") and info.block_bytes in _ADPCM_BLOCKS:
        # The encoder pads its last block; with the source's block size the last block is full.
        return {"block_size": str(info.block_bytes)}
    return _CODEC_OPTIONS.get(codec, {})


def _is_large(info: MediaInfo) -> bool:
    """Whether a WAV's 32-bit sizes may be too small: the length is unknown, or near the limit."""
    return info.duration_s is None or info.duration_s * info.sample_rate_hz * info.channels * 8 > 2**32


def _encodes(info: MediaInfo, codec: str) -> bool:
    """Whether the codec has an encoder that takes this sample rate and number of channels."""
    if info.channels > _MOST_CHANNELS.get(codec, 8) or info.channels in _CHANNELS_IN_DISORDER.get(codec, ()):
        return False
    encoder = _ENCODERS.get(codec, codec)
    if encoder in SOUNDFILE_SUBTYPES or codec == "opus":
        return True
    if codec == "amr_nb":
        return info.sample_rate_hz == 8000
    try:
        rates = av.codec.Codec(encoder, "w").audio_rates
    except av.codec.codec.UnknownCodecError:
        return False
    return (not rates or info.sample_rate_hz in rates) and bool(_sample_formats(info.sample_type, encoder))


def _sample_format(sample_type: str, encoder: str) -> str:
    return _sample_formats(sample_type, encoder)[0]


def _sample_formats(sample_type: str, encoder: str) -> list[str]:
    """Sample formats for an encoder, the best first; empty if it takes none of them."""
    taken = {sample_format.name for sample_format in av.codec.Codec(encoder, "w").audio_formats or ()}
    return [name for name in _SAMPLE_FORMATS[sample_type] if name in taken]


def _bit_rate(info: MediaInfo, codec: str) -> int | None:
    """The source's bit rate if both are lossy, in the codec's steps; otherwise a rate at which speech is clear."""
    if codec.startswith("adpcm_") or _is_lossless(codec):
        return None
    lossy = info.bits is None
    known = info.bit_rate if lossy else None
    if known is None and lossy and not info.has_video and info.duration_s:
        known = round(info.size * 8 / info.duration_s)
    if codec == "amr_nb":
        return 12_200
    if known is None:
        known = 32_000 * info.channels if info.sample_rate_hz <= 16_000 else 64_000 * info.channels
    if codec in {"mp2", "mp3"}:
        high = _MP3_BIT_RATES if codec == "mp3" else _MP2_BIT_RATES
        steps: tuple[int, ...] = high if info.sample_rate_hz >= 32_000 else _MP3_LOW_BIT_RATES
        if codec == "mp3" and info.sample_rate_hz <= 12_000:
            steps = steps[:8]
        return 1000 * next((step for step in steps if step * 1000 >= 0.97 * known), steps[-1])
    # The source's rate may be too high: a file with a picture in its tags has more bytes than its audio.
    least, most = _BIT_RATE_LIMITS.get(codec, (0, max(known, 8_000 * info.channels)))
    if codec == "opus":
        most *= info.channels
    return min(max(known, 8_000 * info.channels, least), max(most, least))
