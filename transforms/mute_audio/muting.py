"""Muting of samples: ranges are replaced by silence, a tone or noise.

**A span is removed completely**: in `[start, end)` of its channel nothing of the recording remains. The recording fades
out in the `FADE_S` before the span and fades in during the `FADE_S` after it. Every sample further away is identical.
The span of a certificate is therefore the span with its fades, as `touched` returns it: outside, the samples are those
of the source, bit for bit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.spans import TimeSpan, merged
from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.samples import Samples, from_float, to_float
from hushbeam.transforms.mute_audio.room_noise import RoomNoise

FADE_S = 0.005
"""Long enough that an edge does not click, short enough that no speech sound fits in."""

METHODS = ("silence", "tone", "noise")


@dataclass(frozen=True)
class Muting:
    """What replaces personal data in a recording.

    Attributes:
      method: One of `METHODS`: `silence`; `tone`; or `noise` like that of the room, so that the line does not seem to
        have dropped.
      tone_hz: 100 to 1900, so that every recording's sample rate can hold it.
      tone_level_db: -60 to -6, relative to full scale.
    """

    method: str = "silence"
    tone_hz: float = 1000.0
    tone_level_db: float = -24.0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ConfigurationError(f"muting: {self.method!r} is not one of {', '.join(METHODS)}")
        if not 100 <= self.tone_hz <= 1900:
            raise ConfigurationError("muting: the tone's frequency must be between 100 and 1900 Hz")
        if not -60 <= self.tone_level_db <= -6:
            raise ConfigurationError("muting: the tone's level must be between -60 and -6 dB")


@dataclass(frozen=True)
class FrameSpan:
    """Frames of one channel that are replaced; `end` is exclusive."""

    start: int
    end: int


def frame_spans(spans: Sequence[TimeSpan], rate_hz: int, channels: int) -> list[list[FrameSpan]]:
    """Merged spans in frames, for each channel, in order; rounded outwards to whole frames.

    Spans whose fades would meet are joined.

    Raises:
      MediaError: `span_outside`, for a span without a time or of a channel that the recording does not have.
    """
    by_channel: list[list[tuple[int, int]]] = [[] for _ in range(channels)]
    for span in spans:
        if not (math.isfinite(span.start_s) and math.isfinite(span.end_s)) or span.end_s < span.start_s:
            raise MediaError("span_outside", "a span to mute has no usable time")
        if not 0 <= span.channel < channels:
            raise MediaError("span_outside", f"a span to mute is in channel {span.channel} of {channels}")
        start, end = math.floor(span.start_s * rate_hz), math.ceil(span.end_s * rate_hz)
        by_channel[span.channel].append((max(0, start), end))
    between_fades = 2 * fade_frames(rate_hz)
    return [[FrameSpan(start, end) for start, end in merged(ranges, between_fades)] for ranges in by_channel]


def fade_frames(rate_hz: int) -> int:
    return round(FADE_S * rate_hz)


class Muter:
    """Mutes a recording block by block. The result does not depend on where the blocks are cut.

    Args:
      spans: In seconds, padded, in any order.
      room: The recording's own background noise, for the method `noise`; else None.
    """

    def __init__(
        self,
        spans: Sequence[TimeSpan],
        *,
        rate_hz: int,
        channels: int,
        muting: Muting,
        room: RoomNoise | None,
    ) -> None:
        if muting.method == "noise" and room is None:
            raise ValueError("muting with noise needs the room's noise")
        self._rate_hz = rate_hz
        self._muting = muting
        self._room = room
        self._fade = fade_frames(rate_hz)
        self._spans = frame_spans(spans, rate_hz, channels)
        self._next = [0] * channels
        self._position = 0

    @property
    def spans(self) -> list[list[FrameSpan]]:
        """The muted spans of each channel, merged."""
        return self._spans

    def mute(self, block: Samples) -> Samples:
        """Returns the next block, of shape (channels, frames), muted; the given array is not changed."""
        result = block
        end = self._position + block.shape[1]
        for channel, spans in enumerate(self._spans):
            index = self._next[channel]
            while index < len(spans) and spans[index].start - self._fade < end:
                if result is block:
                    result = block.copy()
                self._replace(result[channel], channel, spans[index])
                if spans[index].end + self._fade > end:
                    break
                index += 1
            self._next[channel] = index
        self._position = end
        return result

    def _replace(self, samples: NDArray[Any], channel: int, span: FrameSpan) -> None:
        """Replaces one span's part of one channel's block, in place."""
        first = max(self._position, span.start - self._fade)
        last = min(self._position + len(samples), span.end + self._fade)
        part = samples[first - self._position : last - self._position]
        frames = np.arange(first, last)
        # How much of the recording remains: 1 outside the fades, 0 from the span's first frame to its last.
        outside = np.maximum(span.start - frames, frames - span.end + 1)
        remaining = np.clip(outside / (self._fade + 1), 0.0, 1.0)
        original = np.where(remaining > 0, to_float(part[np.newaxis])[0].astype(np.float64), 0.0)
        replacement = self._replacement(channel, first, last)
        part[:] = from_float(original * remaining + replacement * (1 - remaining), part.dtype)

    def _replacement(self, channel: int, first: int, last: int) -> NDArray[np.float64]:
        """Depends only on the channel and the absolute frames, so that it contains nothing of the replaced audio."""
        if self._muting.method == "tone":
            level = 10 ** (self._muting.tone_level_db / 20)
            cycles = np.arange(first, last) * (self._muting.tone_hz / self._rate_hz)
            tone: NDArray[np.float64] = level * np.sin(2 * np.pi * cycles)
            return tone
        if self._room is not None:
            return self._room.between(channel, first, last)
        return np.zeros(last - first)


def touched(spans: Sequence[FrameSpan], frames: int, rate_hz: int, channel: int) -> list[TimeSpan]:
    """The spans of one channel with their fades, in seconds, within a recording of `frames`."""
    fade = fade_frames(rate_hz)
    within = [(max(0, span.start - fade), min(frames, span.end + fade)) for span in spans if span.start - fade < frames]
    return [TimeSpan(channel, start / rate_hz, end / rate_hz) for start, end in within]
