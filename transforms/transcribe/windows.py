"""Windows of up to 30 s: packs a channel's speech, cut in silence, and keeps where every sample came from."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hushbeam.transforms.media.samples import RECOGNISER_RATE_HZ, FloatSamples
from hushbeam.transforms.transcribe.vad import FRAME, Probabilities

SILENCE_BETWEEN_S = 1.0
"""Silence that is kept between two pieces of speech. With less, the model joins numbers of different turns."""

PAUSE_S = 0.3
"""Silence at which speech may be cut."""

SPEECH_PROBABILITY = 0.2
"""Speech begins at this probability; higher values lose quiet telephone speech."""

_STILL_SPEECH_PROBABILITY = 0.05
"""Speech ends when the probability stays below this for `PAUSE_S`."""

WINDOW_S = 30.0
"""The longest audio that a Whisper model takes at once."""

_LEAST_FULL = 0.4
_FULL_ENOUGH = 0.65
"""For channels that do not fit into one window: per second, 20 s cost a third less than 30 s, with equal results."""

_SMOOTHING = 5


@dataclass(frozen=True)
class Piece:
    """An unbroken stretch of the recording within a window.

    Attributes:
      source: First sample, in the channel.
      offset: First sample, in the window.
      length: In samples.
    """

    source: int
    offset: int
    length: int


@dataclass(frozen=True)
class Window:
    """The position in the recording of up to 30 s of one channel's audio, most of it speech.

    Attributes:
      pieces: In order; they fill the window without gaps.
      speech: Detected speech, in samples of the window, ordered.
    """

    pieces: tuple[Piece, ...]
    speech: tuple[tuple[int, int], ...]

    @property
    def length(self) -> int:
        """In samples."""
        return self.pieces[-1].offset + self.pieces[-1].length

    @property
    def duration_s(self) -> float:
        return self.length / RECOGNISER_RATE_HZ

    def source_s(self, moment_s: float) -> float:
        """Where a moment of the window lies in the channel, in seconds."""
        piece = self.piece_at(moment_s * RECOGNISER_RATE_HZ)
        return moment_s + (piece.source - piece.offset) / RECOGNISER_RATE_HZ

    def piece_at(self, offset: float) -> Piece:
        """The piece that holds a sample of the window; the nearest piece if it lies outside."""
        index = bisect.bisect_right(self.pieces, offset, key=lambda piece: piece.offset) - 1
        return self.pieces[max(index, 0)]


@dataclass
class _Phrase:
    """Speech that is not cut any further, in frames."""

    start: int
    stop: int


@dataclass(frozen=True, eq=False)
class _Packed:
    """A phrase with its margins and its audio, in samples of the channel."""

    start: int
    stop: int
    spoken: tuple[int, int]
    samples: FloatSamples


class WindowPacker:
    """Turns a channel's samples and speech probabilities into windows, as they come.

    Keeps the open window, the last phrase and the current one: less than two minutes of audio.
    """

    def __init__(self) -> None:
        self._limit = int(WINDOW_S * RECOGNISER_RATE_HZ)
        self._margin = int(SILENCE_BETWEEN_S / 2 * RECOGNISER_RATE_HZ)
        self._pause = round(PAUSE_S * RECOGNISER_RATE_HZ / FRAME)
        self._samples: FloatSamples = np.zeros(0, np.float32)
        self._first_sample = 0
        self._probabilities: list[float] = []
        self._first_frame = 0
        self._frame = 0
        self._speaking_since: int | None = None
        self._quiet_since: int | None = None
        self._waiting: _Phrase | None = None
        self._packed_until = 0
        self._open: list[_Packed] = []
        self.spoken: list[tuple[int, int]] = []
        """All speech so far, in samples of the channel, ordered, without margins."""

    def feed(self, samples: FloatSamples, probabilities: Probabilities) -> Iterator[tuple[Window, FloatSamples]]:
        """Takes samples and the probabilities of their frames; yields full windows with their audio."""
        self._samples = np.concatenate((self._samples, samples))
        for probability in probabilities.tolist():
            self._probabilities.append(probability)
            yield from self._advance(probability)
            self._frame += 1
        self._forget()

    def finish(self) -> Iterator[tuple[Window, FloatSamples]]:
        """Yields the remaining windows, after the last sample."""
        if self._speaking_since is not None:
            yield from self._settle(_Phrase(self._speaking_since, self._frame))
            self._speaking_since = None
        if self._waiting is not None:
            yield from self._pack(self._waiting, None)
            self._waiting = None
        if self._open:
            yield self._close(len(self._open))

    def _advance(self, probability: float) -> Iterator[tuple[Window, FloatSamples]]:
        now = self._frame
        if self._speaking_since is None:
            if probability >= SPEECH_PROBABILITY:
                self._speaking_since = now
                self._quiet_since = None
            elif self._waiting is not None and (now - self._waiting.stop) * FRAME >= 2 * self._margin:
                yield from self._pack(self._waiting, None)
                self._waiting = None
            return
        if probability >= _STILL_SPEECH_PROBABILITY:
            self._quiet_since = None
            if (now + 1 - self._speaking_since) * FRAME + 2 * self._margin > self._limit:
                longest = (self._limit - 2 * self._margin) // FRAME
                cut = self._quietest_frame(self._speaking_since, min(now, self._speaking_since + longest))
                yield from self._settle(_Phrase(self._speaking_since, cut))
                self._speaking_since = cut
            return
        if self._quiet_since is None:
            self._quiet_since = now
        if now + 1 - self._quiet_since >= self._pause:
            yield from self._settle(_Phrase(self._speaking_since, self._quiet_since))
            self._speaking_since = None

    def _settle(self, phrase: _Phrase) -> Iterator[tuple[Window, FloatSamples]]:
        """Notes a complete phrase, and packs the one before: the pause between them is known now."""
        if self._waiting is not None:
            yield from self._pack(self._waiting, phrase)
        self._waiting = phrase

    def _pack(self, phrase: _Phrase, following: _Phrase | None) -> Iterator[tuple[Window, FloatSamples]]:
        start = max(phrase.start * FRAME - self._margin, self._packed_until)
        last = self._first_sample + len(self._samples)
        stop = min(phrase.stop * FRAME + self._margin, last)
        if following is not None:
            # Two phrases share the pause between them, so that no sample is transcribed twice.
            stop = min(stop, (phrase.stop + following.start) * FRAME // 2)
        stop = max(stop, min(phrase.stop * FRAME, last))
        spoken = (phrase.start * FRAME, min(phrase.stop * FRAME, last))
        packed = _Packed(
            start, stop, spoken, self._samples[start - self._first_sample : stop - self._first_sample].copy()
        )
        while self._open and sum(len(each.samples) for each in self._open) + len(packed.samples) > self._limit:
            yield self._close(self._best_cut(packed))
        self._open.append(packed)
        self._packed_until = stop
        if self.spoken and self.spoken[-1][1] >= spoken[0]:
            self.spoken[-1] = (self.spoken[-1][0], spoken[1])
        else:
            self.spoken.append(spoken)

    def _best_cut(self, following: _Packed) -> int:
        """How many of the open phrases to close: up to the longest pause between 12 and 20 s.

        The model's cost grows faster than the length of a window, and a cut in a long pause separates turns.
        """
        cuts: list[tuple[tuple[int, int], int]] = []
        length = 0
        for count, (packed, after) in enumerate(pairwise([*self._open, following]), start=1):
            length += len(packed.samples)
            if _LEAST_FULL * self._limit <= length <= _FULL_ENOUGH * self._limit:
                pause = min(after.spoken[0] - packed.spoken[1], 2 * self._margin)
                cuts.append(((pause, length), count))
        return max(cuts)[1] if cuts else len(self._open)

    def _close(self, count: int) -> tuple[Window, FloatSamples]:
        closed, self._open = self._open[:count], self._open[count:]
        pieces: list[Piece] = []
        speech: list[tuple[int, int]] = []
        offset = 0
        for packed in closed:
            length = packed.stop - packed.start
            if pieces and pieces[-1].source + pieces[-1].length == packed.start:
                pieces[-1] = Piece(pieces[-1].source, pieces[-1].offset, pieces[-1].length + length)
            else:
                pieces.append(Piece(packed.start, offset, length))
            speech.append((offset + packed.spoken[0] - packed.start, offset + packed.spoken[1] - packed.start))
            offset += length
        return Window(tuple(pieces), tuple(speech)), np.concatenate([packed.samples for packed in closed])

    def _quietest_frame(self, start: int, stop: int) -> int:
        """Where to cut speech without a pause: the frame in its second half that is least likely speech, and quiet."""
        half = start + (stop - start) // 2
        likely = np.array(self._probabilities[half - self._first_frame : stop - self._first_frame])
        audio = self._samples[half * FRAME - self._first_sample : stop * FRAME - self._first_sample]
        loudness = np.sqrt(np.mean(audio.reshape(-1, FRAME) ** 2, axis=1))
        cost = likely + loudness / max(float(loudness.max()), 1e-9)
        smooth = np.convolve(cost, np.ones(_SMOOTHING) / _SMOOTHING, mode="same")
        edge = _SMOOTHING // 2
        return half + edge + int(np.argmin(smooth[edge : len(smooth) - edge]))

    def _forget(self) -> None:
        """Drops audio that no later window can need."""
        needed = self._frame if self._speaking_since is None else self._speaking_since
        if self._waiting is not None:
            needed = min(needed, self._waiting.start)
        keep = max(min(needed * FRAME - self._margin, self._first_sample + len(self._samples)), self._packed_until)
        drop = keep - self._first_sample
        if drop > RECOGNISER_RATE_HZ:
            self._samples = self._samples[drop:].copy()
            self._first_sample = keep
            frames = max(keep // FRAME - self._first_frame, 0)
            del self._probabilities[:frames]
            self._first_frame += frames


def split(window: Window, at: int) -> tuple[Window, Window]:
    """Cuts a window in two, before the sample `at` of the window."""
    halves: tuple[list[Piece], list[Piece]] = ([], [])
    for piece in window.pieces:
        inside = min(max(at - piece.offset, 0), piece.length)
        if inside:
            halves[0].append(Piece(piece.source, piece.offset, inside))
        if inside < piece.length:
            halves[1].append(Piece(piece.source + inside, piece.offset + inside - at, piece.length - inside))
    speech: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])
    for start, stop in window.speech:
        if start < at:
            speech[0].append((start, min(stop, at)))
        if stop > at:
            speech[1].append((max(start, at) - at, stop - at))
    return (
        Window(tuple(halves[0]), tuple(speech[0])),
        Window(tuple(halves[1]), tuple(speech[1])),
    )
