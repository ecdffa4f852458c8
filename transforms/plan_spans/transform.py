"""PlanSpans: splits long recordings into spans that several workers transcribe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import apache_beam as beam

from hushbeam.schemas.coders import travels
from hushbeam.schemas.failure import Failure
from hushbeam.schemas.media import SampleIdentity
from hushbeam.schemas.stages import PendingRecording, SpanToTranscribe
from hushbeam.transforms.base.each_recording import ThreadedStage, each_recording
from hushbeam.transforms.media.decode import Decoder
from hushbeam.transforms.media.isolation.children import check_confinement
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.samples import to_float
from hushbeam.transforms.plan_spans.silence import cut_in_silence, loudness
from hushbeam.transforms.sources.read import Sources
from hushbeam.transforms.storage.web.client import NoRangesError

# The lowest rate of speech codecs. A file too small for a long recording at this rate is not opened.
_LEAST_BYTES_PER_S = 600
_PLANNERS = 2


class PlannedRecordings(NamedTuple):
    """Recordings to transcribe as a whole, spans of the other recordings, and failures to decode."""

    whole: beam.PCollection[PendingRecording]
    spans: beam.PCollection[SpanToTranscribe]
    failures: beam.PCollection[Failure]


class PlanSpans(beam.PTransform):
    """Splits recordings longer than `longest_s` in silence; each span is an element that any worker may transcribe.

    A long recording is decoded once for this, and its spans carry the identity of its samples: transcription and muting
    must get the same samples.
    """

    def __init__(self, longest_s: float, limits: MediaLimits, sources: Sources) -> None:
        super().__init__("PlanSpans")
        self._longest_s = longest_s
        self._limits = limits
        self._sources = sources

    def expand(self, recordings: beam.PCollection[PendingRecording]) -> PlannedRecordings:
        planned = recordings | each_recording(_PlanStage(self._longest_s, self._limits, self._sources), _Plan)
        whole = (
            planned.recordings
            | "Short ones" >> beam.Filter(lambda plan: len(plan.bounds_s) < 2)
            | "As a whole" >> beam.Map(lambda plan: plan.pending).with_output_types(PendingRecording)
        )
        spans = (
            planned.recordings
            | "Long ones" >> beam.FlatMap(_spans).with_output_types(SpanToTranscribe)
            | "Spread over workers" >> beam.Reshuffle()
        )
        return PlannedRecordings(whole, spans, planned.failures)


@travels
@dataclass(frozen=True)
class _Plan:
    """Bounds of a recording's spans; without bounds for a recording that is short."""

    pending: PendingRecording
    samples: SampleIdentity | None = None
    bounds_s: tuple[float, ...] = ()


def _spans(plan: _Plan) -> Iterator[SpanToTranscribe]:
    if plan.samples is None:
        return
    count = len(plan.bounds_s) - 1
    for number in range(count):
        yield SpanToTranscribe(
            plan.pending, plan.samples, number, count, plan.bounds_s[number], plan.bounds_s[number + 1]
        )


class _PlanStage(ThreadedStage[PendingRecording, _Plan]):
    name = "PlanSpans"

    def __init__(self, longest_s: float, limits: MediaLimits, sources: Sources) -> None:
        super().__init__(_PLANNERS)
        self._longest_s = longest_s
        self._limits = limits
        self._sources = sources

    def setup(self) -> None:
        check_confinement(self._limits)
        super().setup()

    def process(self, recording: PendingRecording) -> _Plan:
        if recording.transcript is not None:  # only its speech is detected, which takes little time
            return _Plan(recording)
        self._limits.check_size(recording.source.size_bytes)
        if recording.source.size_bytes < self._longest_s * _LEAST_BYTES_PER_S or not self._may_be_long(recording):
            return _Plan(recording)
        with self._sources.opened(recording) as (source, fetched), Decoder(source, self._limits) as decoder:
            if not self._states_long(decoder):
                return _Plan(fetched)
            rate_hz = decoder.info.sample_rate_hz
            levels = list(loudness((to_float(block) for block in decoder.blocks()), rate_hz))
            samples = decoder.identity
        spans = cut_in_silence(levels, samples.frames / rate_hz, self._longest_s)
        # Spans go to other workers, which fetch the source again: their copies must have the same checksum.
        return _Plan(replace(fetched, local_copy=None), samples, (0.0, *(end_s for _, end_s in spans)))

    def _may_be_long(self, recording: PendingRecording) -> bool:
        """Reads only the header."""
        try:
            with self._sources.header_of(recording) as file, Decoder(file, self._limits) as decoder:
                return self._states_long(decoder)
        except NoRangesError:
            return True

    def _states_long(self, decoder: Decoder) -> bool:
        """A recording of unstated length may be long."""
        claimed_s = decoder.info.duration_s
        return claimed_s is None or claimed_s > self._longest_s
