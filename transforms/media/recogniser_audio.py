"""Audio for the recogniser: float32 samples at 16 kHz, from the decoder that muting uses."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soxr

from hushbeam.schemas.media import MediaInfo, SampleIdentity
from hushbeam.schemas.spans import TimeSpan
from hushbeam.transforms.media.decode import Decoder
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.sample_cache import SampleCache, reading
from hushbeam.transforms.media.samples import RECOGNISER_RATE_HZ, FloatSamples, Samples, to_float

MARGIN_S = 0.05
"""Audio on each side of a range, which the resampling filter needs to be exact at the range's edges."""


class RecogniserAudio:
    """A recording, or a range of it, at 16 kHz. Iterate it once.

    Sample k of what it yields lies at `start_s + k / 16000` seconds of the recording. A range is decoded from the
    recording's start, so that its samples are those that will be muted.

    Attributes:
      info: Of the file; known once iteration has begun.
      identity: Of the whole file; None unless the iteration reached the end of the file.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        start_s: float = 0.0,
        end_s: float | None = None,
        mix: bool = False,
        limits: MediaLimits,
    ) -> None:
        self._path = path
        self._start_s = start_s
        self._end_s = end_s
        self._mix = mix
        self._limits = limits
        self.info: MediaInfo | None = None
        self.identity: SampleIdentity | None = None

    def __iter__(self) -> Iterator[FloatSamples]:
        with Decoder(self._path, self._limits) as decoder:
            self.info = decoder.info
            rate = decoder.info.sample_rate_hz
            start = round(self._start_s * rate)
            end = None if self._end_s is None else round(self._end_s * rate)
            resampler = Resampler(rate, 1 if self._mix else decoder.info.channels)
            position = 0
            for block in decoder.blocks():
                first = max(0, start - position)
                last = block.shape[1] if end is None else min(block.shape[1], end - position)
                position += block.shape[1]
                if last > first:
                    yield from resampler.add(float_channels(block[:, first:last], mix=self._mix))
                if end is not None and position >= end:
                    break
            else:
                self.identity = decoder.identity
            yield from resampler.finish()


def float_channels(samples: Samples, *, mix: bool) -> FloatSamples:
    """Native samples as float32, of each channel or of their mean."""
    channels = to_float(samples)
    return channels.mean(axis=0, keepdims=True, dtype=np.float32) if mix else channels


def recogniser_blocks(
    path: str | Path,
    *,
    start_s: float = 0.0,
    end_s: float | None = None,
    mix: bool = False,
    limits: MediaLimits,
) -> Iterator[FloatSamples]:
    """Yields a recording, or a range of it, at 16 kHz as float32 blocks of shape (channels, frames), in order.

    Args:
      start_s, end_s: Seconds of the recording; None for its end.
      mix: One channel, the mean of all.

    Raises:
      MediaError: The file is not whole, not supported, or beyond the limits.
    """
    yield from RecogniserAudio(path, start_s=start_s, end_s=end_s, mix=mix, limits=limits)


def stream_ranges(
    source: str | Path | SampleCache,
    ranges: Sequence[TimeSpan],
    *,
    mix: bool = False,
    also: Callable[[MediaInfo, Samples], None] | None = None,
    limits: MediaLimits,
) -> Iterator[FloatSamples]:
    """Yields only these ranges, each of its own channel, in one pass over the recording.

    Each range comes in the given order, as soon as it and those before it have been decoded. If they are ordered by
    their ends, only ranges that overlap are in memory at once.

    Args:
      ranges: They may overlap. The parts outside the recording are left out.
      mix: The ranges are of the mean of all channels, and their own channel is ignored.
      also: Called with every block of native samples, to the recording's end if the caller takes the last range.

    Yields:
      For each range, float32 samples at 16 kHz of shape (frames,).

    Raises:
      MediaError: The file is not whole up to the last range's end, not supported, or beyond the limits.
      IndexError: A range names a channel that the recording does not have.
    """
    with reading(source, limits) as decoder:
        rate = decoder.info.sample_rate_hz
        pending = deque(_Wanted.of(span, rate, mix) for span in ranges)
        coming = deque(sorted(pending, key=lambda want: want.start))
        collecting: list[_Wanted] = []
        position = 0
        for block in decoder.blocks():
            if also is not None:
                also(decoder.info, block)
            end = position + block.shape[1]
            while coming and coming[0].start < end:
                collecting.append(coming.popleft())
            for want in collecting:
                want.take(block, position)
            collecting = [want for want in collecting if want.end > end]
            position = end
            while pending and pending[0].end <= position:
                yield pending.popleft().resampled(rate)
            if not pending and also is None:
                return
        for want in pending:
            yield want.resampled(rate)


@dataclass
class _Wanted:
    """One range while it is collected: native frames from `start` to `end`, with a margin on both sides."""

    channel: int | None
    start: int
    end: int
    margin_before: int
    length_s: float
    parts: list[FloatSamples] = field(default_factory=list)

    @classmethod
    def of(cls, span: TimeSpan, rate: int, mix: bool) -> _Wanted:
        first = max(0, round(span.start_s * rate))
        start = max(0, first - round(MARGIN_S * rate))
        end = round((span.end_s + MARGIN_S) * rate)
        length_s = max(0.0, span.end_s - first / rate)
        return cls(None if mix else span.channel, start, end, first - start, length_s)

    def take(self, block: Samples, position: int) -> None:
        first = max(0, self.start - position)
        last = min(block.shape[1], self.end - position)
        if last <= first:
            return
        part = block[:, first:last] if self.channel is None else block[self.channel : self.channel + 1, first:last]
        if part.shape[0] == 0:
            raise IndexError(f"the recording has {block.shape[0]} channels, and channel {self.channel} was requested")
        self.parts.append(to_float(part).mean(axis=0, dtype=np.float32))

    def resampled(self, rate: int) -> FloatSamples:
        if not self.parts:
            return np.zeros(0, np.float32)
        native = np.concatenate(self.parts)
        at_recogniser_rate = native if rate == RECOGNISER_RATE_HZ else soxr.resample(native, rate, RECOGNISER_RATE_HZ)
        first = round(self.margin_before * RECOGNISER_RATE_HZ / rate)
        wanted: FloatSamples = at_recogniser_rate[first : first + round(self.length_s * RECOGNISER_RATE_HZ)]
        return wanted


class Resampler:
    """Resamples blocks of (channels, frames) to 16 kHz with soxr; audio at 16 kHz stays as it is."""

    def __init__(self, rate_hz: int, channels: int) -> None:
        self._stream = (
            None
            if rate_hz == RECOGNISER_RATE_HZ
            else soxr.ResampleStream(rate_hz, RECOGNISER_RATE_HZ, channels, dtype="float32")
        )
        self._channels = channels

    def add(self, samples: FloatSamples) -> Iterator[FloatSamples]:
        if self._stream is None:
            yield samples
            return
        yield from self._filled(self._stream.resample_chunk(_frames_first(samples)))

    def finish(self) -> Iterator[FloatSamples]:
        if self._stream is not None:
            nothing = np.zeros((0, self._channels), np.float32)
            yield from self._filled(self._stream.resample_chunk(_frames_first(nothing.T), last=True))

    def _filled(self, chunk: FloatSamples) -> Iterator[FloatSamples]:
        if len(chunk):
            yield np.ascontiguousarray(chunk.reshape(-1, self._channels).T)


def _frames_first(samples: FloatSamples) -> FloatSamples:
    """soxr takes (frames, channels), and a flat array for one channel."""
    return samples[0].copy() if samples.shape[0] == 1 else np.ascontiguousarray(samples.T)
