"""SpreadWork: deals recordings out to the workers, so that each has as much to hear as the others."""

from __future__ import annotations

from collections.abc import Iterator

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.windowed_value import WindowedValue

from hushbeam.schemas.stages import PendingRecording
from hushbeam.transforms.storage.urls import extension

_DEALT_AT_ONCE = 1000
"""Recordings that are put in order together: a bundle may hold a million, and memory is to stay flat."""
_TURNS_AFTER = 12
"""Every other dozen goes from short to long: dealt in turn from long to short alone, the first worker has the longer
one of each round. As many rounds each way cancel out for 2, 3, 4 and 6 workers: half as much above an even share."""
_KEEPS_SAMPLES = frozenset({".wav", ".flac", ".aif", ".aiff"})
_MORE_IN_A_BYTE = 2.5
"""How many times the seconds of other files a byte of one in a lossy codec holds: 16 kB/s of a telephone's WAV,
13 kB/s of its FLAC, 6 to 8 kB/s of MP3, AAC and Opus in the labelled calls."""


class SpreadWork(beam.PTransform):
    """Puts the longest recordings first, as far as their size tells, then lets the runner deal them out.

    A grouping by id gives each worker what its ids happen to hash to, however long that takes to hear. Flink deals a
    reshuffle out in turn, so in this order the shares differ by one recording at the most; a runner that balances
    by itself starts with what takes longest.
    """

    def expand(self, recordings: beam.PCollection[PendingRecording]) -> beam.PCollection[PendingRecording]:
        return (
            recordings
            | "Longest first" >> beam.ParDo(_LongestFirstFn()).with_output_types(PendingRecording)
            | "Deal out" >> beam.Reshuffle()
        )


class _LongestFirstFn(beam.DoFn):
    def start_bundle(self) -> None:
        self._waiting: list[PendingRecording] = []

    def process(self, element: PendingRecording) -> Iterator[PendingRecording]:
        self._waiting.append(element)
        if len(self._waiting) >= _DEALT_AT_ONCE:
            yield from self._in_order()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        for recording in self._in_order():
            yield GlobalWindows.windowed_value_at_end_of_window(recording)

    def _in_order(self) -> list[PendingRecording]:
        waiting, self._waiting = sorted(self._waiting, key=_expected_work, reverse=True), []
        for first in range(_TURNS_AFTER, len(waiting), 2 * _TURNS_AFTER):
            waiting[first : first + _TURNS_AFTER] = reversed(waiting[first : first + _TURNS_AFTER])
        return waiting


def _expected_work(recording: PendingRecording) -> float:
    """Grows with how long a recording is likely to be; nobody opens it for this."""
    size_bytes = recording.source.size_bytes
    return size_bytes if extension(recording.recording.audio_url) in _KEEPS_SAMPLES else size_bytes * _MORE_IN_A_BYTE
