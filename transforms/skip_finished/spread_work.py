"""SpreadWork: distributes recordings over workers, so that each has about the same length to transcribe."""

from __future__ import annotations

from collections.abc import Iterator

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.windowed_value import WindowedValue

from hushbeam.schemas.stages import PendingRecording
from hushbeam.transforms.storage.urls import extension

_DEALT_AT_ONCE = 1000
"""Recordings that are sorted together: a bundle may hold a million, and memory should stay constant."""
_TURNS_AFTER = 12
"""Every other dozen is sorted from short to long. With long to short only, the first worker gets the longest of each
round. Equal numbers of rounds in each direction cancel out for 2, 3, 4 and 6 workers, which halves the excess."""
_KEEPS_SAMPLES = frozenset({".wav", ".flac", ".aif", ".aiff"})
_MORE_IN_A_BYTE = 2.5
"""Seconds per byte of lossy codecs, relative to others. In the labelled calls a telephone's WAV has 16 kB/s and its
FLAC 13 kB/s; MP3, AAC and Opus have 6 to 8 kB/s."""


class SpreadWork(beam.PTransform):
    """Puts the longest recordings first, as far as their size tells, and then reshuffles.

    A grouping by id gives each worker the ids that hash to it, however long they are. Flink distributes a reshuffle in
    turn, so in this order the shares differ by at most one recording. A runner that balances load by itself starts with
    the longest recordings.
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
    """Grows with the likely length of a recording, which is estimated from its size only."""
    size_bytes = recording.source.size_bytes
    return size_bytes if extension(recording.source.url) in _KEEPS_SAMPLES else size_bytes * _MORE_IN_A_BYTE
