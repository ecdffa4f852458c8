"""Codecs of telephony: each encodes a channel at a time and decodes it again, with the codec's delay taken out."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import av
import numpy as np
import soundfile

from evaluation.lines.line import Line, Samples, of_length, resampled
from evaluation.score import align

TELEPHONE_HZ = 8_000
_BAND_HZ = (300.0, 3400.0)
_EDGE_HZ = 100.0
"""The band's edges are so wide, outside the band."""


def telephone_band(line: Line) -> Line:
    """The call at 8 kHz and between 300 and 3400 Hz."""
    line = line.at_rate(TELEPHONE_HZ)
    count = line.samples.shape[1]
    frequencies_hz = np.fft.rfftfreq(count, 1 / line.rate_hz)
    outside_hz = np.maximum(_BAND_HZ[0] - frequencies_hz, frequencies_hz - _BAND_HZ[1])
    gain = 0.5 + 0.5 * np.cos(np.pi * np.clip(outside_hz / _EDGE_HZ, 0, 1))
    return line.with_samples(np.fft.irfft(np.fft.rfft(line.samples) * gain, count))


def g711(line: Line, law: str) -> Line:
    """µ-law (`ULAW`) or A-law (`ALAW`) at 8 kHz."""
    return _by_libsndfile(line, law)


def gsm_full_rate(line: Line) -> Line:
    """GSM 06.10 full rate, 13 kb/s, by the encoder in libsndfile."""
    return _by_libsndfile(line, "GSM610")


def amr_nb(line: Line, bit_rate: int) -> Line:
    """AMR narrow-band at one of its eight bit rates."""
    return _by_ffmpeg(line.at_rate(TELEPHONE_HZ), "libopencore_amrnb", "amr", bit_rate)


def opus(line: Line, bit_rate: int) -> Line:
    """Opus for speech, each channel at the bit rate."""
    return _by_ffmpeg(line, "libopus", "ogg", bit_rate, {"application": "voip"})


def mp3(line: Line, bit_rate: int) -> Line:
    """MP3, each channel at the bit rate."""
    return _by_ffmpeg(line, "libmp3lame", "mp3", bit_rate)


def _by_libsndfile(line: Line, subtype: str) -> Line:
    line = line.at_rate(TELEPHONE_HZ)
    channels = []
    for channel in _within_full_scale(line.samples):
        coded = io.BytesIO()
        soundfile.write(coded, channel, line.rate_hz, format="WAV", subtype=subtype)
        coded.seek(0)
        channels.append(of_length(soundfile.read(coded, dtype="float32")[0], len(channel)))
    return line.with_samples(np.stack(channels))


def _by_ffmpeg(
    line: Line, codec: str, container_format: str, bit_rate: int, options: Mapping[str, str] | None = None
) -> Line:
    channels = []
    for channel in _within_full_scale(line.samples):
        coded = io.BytesIO()
        with av.open(coded, "w", format=container_format) as container:
            stream: Any = container.add_stream(codec, rate=line.rate_hz, layout="mono", options=dict(options or {}))
            stream.bit_rate = bit_rate
            _encode(container, stream, channel, line.rate_hz)
        coded.seek(0)
        decoded, rate_hz = _decode(coded)
        decoded = resampled(decoded, rate_hz, line.rate_hz)
        channels.append(of_length(align(channel[None], decoded[None])[0], len(channel)))
    return line.with_samples(np.stack(channels))


def _encode(container: Any, stream: Any, samples: Samples, rate_hz: int) -> None:
    """Encodes one channel, in frames of the size and sample format that the encoder takes."""
    pcm = np.round(samples[None] * 32767).astype(np.int16)
    whole = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
    whole.sample_rate = rate_hz
    whole.pts = 0
    stream.codec_context.open(strict=False)
    size = stream.codec_context.frame_size
    resampler = av.AudioResampler(
        format=stream.codec_context.format, layout="mono", rate=rate_hz, frame_size=size or None
    )
    for frame in (*resampler.resample(whole), *resampler.resample(None)):
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _decode(file: io.BytesIO) -> tuple[Samples, int]:
    with av.open(file, "r") as container:
        stream = container.streams.audio[0]
        rate_hz = stream.codec_context.sample_rate
        resampler = av.AudioResampler(format="flt", layout="mono", rate=rate_hz)
        parts = [out.to_ndarray() for frame in container.decode(stream) for out in resampler.resample(frame)]
        parts += [out.to_ndarray() for out in resampler.resample(None)]
    return np.concatenate(parts, axis=1)[0], rate_hz


def _within_full_scale(samples: Samples) -> Samples:
    """The samples, weaker where codecs would clip them."""
    peak = float(np.abs(samples).max())
    return samples / max(1.0, peak / 0.999)
