"""Detector of bleed: echo, sidetone and crosstalk of a muted span in other channels.

The delay at which a channel repeats another is found by cross-correlation with whitened phases. An echo 40 dB below the
voice stands out, because all its frequencies agree on one delay; those of two people who speak at once do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hushbeam.schemas.spans import TimeSpan
from hushbeam.transforms.media.samples import RECOGNISER_RATE_HZ, FloatSamples
from hushbeam.transforms.mute_audio.edges import ReadRanges
from hushbeam.transforms.mute_audio.loudness import loudness_db


@dataclass(frozen=True)
class BleedSettings:
    """When another channel counts as repeating a span.

    Attributes:
      longest_delay_s: How late an echo may be.
      earliest_s: How early an echo may seem, if the channels do not start at the same time.
      compared_s: How much of a span is compared at most.
      certain: How far the correlation at one delay must rise above that at other delays to be an echo by itself.
      likely: The same, for a delay at which the same channels have a certain echo elsewhere in the recording.
      same_delay_s: Delays that differ by less are the same.
      audible_db: Audio softer than this cannot be heard.
      around_s: Muted before and after an echo, because echoes are smeared.
    """

    longest_delay_s: float = 0.5
    earliest_s: float = 0.05
    compared_s: float = 8.0
    certain: float = 9.0
    likely: float = 4.5
    same_delay_s: float = 0.01
    audible_db: float = -65.0
    around_s: float = 0.05


@dataclass(frozen=True)
class _Echo:
    """The most likely repetition of a span in another channel."""

    span: TimeSpan
    channel: int
    delay_s: float
    salience: float


_BAND_HZ = (200.0, 3400.0)
_BACKGROUND_S = 0.05
_FFT_STEP = 4096
"""Lengths with large prime factors would take several times as long."""


def find_bleed(
    spans: Sequence[TimeSpan],
    channels: int,
    duration_s: float,
    read_ranges: ReadRanges,
    settings: BleedSettings,
) -> tuple[TimeSpan, ...]:
    """The stretches of other channels that repeat `spans` and must be muted as well.

    Args:
      spans: The spans that are muted in their own channels.
      channels: How many channels were transcribed separately; with one there is no bleed.
      read_ranges: As for `plan_mutes`; called at most once.
    """
    if channels < 2 or not spans:
        return ()
    pairs = sorted(
        ((span, channel) for span in spans for channel in range(channels) if channel != span.channel),
        key=lambda pair: pair[0].start_s,
    )
    ranges: list[TimeSpan] = []
    for span, channel in pairs:
        compared = replace(span, end_s=min(span.end_s, span.start_s + settings.compared_s))
        start_s = max(span.start_s - settings.earliest_s, 0.0)
        ranges += [compared, TimeSpan(channel, start_s, min(compared.end_s + settings.longest_delay_s, duration_s))]
    samples = iter(read_ranges(ranges))
    echoes = [
        echo
        for (span, channel), voice, audio in zip(pairs, samples, samples, strict=True)
        if (echo := _echo(span, channel, voice, _from(span.start_s - settings.earliest_s, audio), settings)) is not None
    ]
    certain = [echo for echo in echoes if echo.salience >= settings.certain]
    return tuple(
        TimeSpan(
            echo.channel,
            max(echo.span.start_s + echo.delay_s - settings.around_s, 0.0),
            min(echo.span.end_s + echo.delay_s + settings.around_s, duration_s),
        )
        for echo in echoes
        if echo in certain or any(_same_path(echo, known, settings) for known in certain)
    )


def _same_path(echo: _Echo, known: _Echo, settings: BleedSettings) -> bool:
    return (echo.span.channel, echo.channel) == (known.span.channel, known.channel) and abs(
        echo.delay_s - known.delay_s
    ) < settings.same_delay_s


def _from(start_s: float, samples: FloatSamples) -> FloatSamples:
    """The samples with silence for the time before the recording starts."""
    missing = max(0, round(-start_s * RECOGNISER_RATE_HZ))
    return np.pad(samples, (missing, 0)) if missing else samples


def _echo(
    span: TimeSpan, channel: int, voice: FloatSamples, audio: FloatSamples, settings: BleedSettings
) -> _Echo | None:
    """The likeliest echo of `voice` in `audio`, which begins `earliest_s` before it; None if no echo is likely."""
    loudness = loudness_db(audio)
    if not len(voice) or not len(loudness) or loudness.max() < settings.audible_db:
        return None
    agreement = _agreement(voice, audio)
    candidates = round((settings.earliest_s + settings.longest_delay_s) * RECOGNISER_RATE_HZ)
    best = int(np.argmax(agreement[:candidates]))
    aside = round(_BACKGROUND_S * RECOGNISER_RATE_HZ)
    background = np.concatenate((agreement[: max(best - aside, 0)], agreement[best + aside : len(audio)]))
    level = float(np.sqrt((background.astype(np.float64) ** 2).mean())) if len(background) else 0.0
    salience = float(agreement[best]) / level if level else 0.0
    if salience < settings.likely:
        return None
    return _Echo(span, channel, best / RECOGNISER_RATE_HZ - settings.earliest_s, salience)


def _agreement(voice: FloatSamples, audio: FloatSamples) -> FloatSamples:
    """How well the phases of `audio` agree with those of `voice` at each delay in samples, in the telephone band."""
    length = -(-(len(voice) + len(audio)) // _FFT_STEP) * _FFT_STEP
    cross = np.conj(np.fft.rfft(voice, length)) * np.fft.rfft(audio, length)
    frequencies = np.fft.rfftfreq(length, 1 / RECOGNISER_RATE_HZ)
    strength = np.abs(cross)
    is_compared = (frequencies > _BAND_HZ[0]) & (frequencies < _BAND_HZ[1]) & (strength > 0)
    phases = np.divide(cross, strength, out=np.zeros_like(cross), where=is_compared)
    agreement: FloatSamples = np.abs(np.fft.irfft(phases, length))
    return agreement
