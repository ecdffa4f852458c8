"""EstimateWork: estimates the work of a run from the manifest and a sample of headers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence

import apache_beam as beam

from hushbeam.schemas.errors import RecordingError
from hushbeam.schemas.failure import Failure
from hushbeam.schemas.recording import Recording
from hushbeam.schemas.stages import PendingRecording
from hushbeam.transforms.estimate_work.estimate import BYTES, RECORDINGS, SECONDS, UNKNOWN, Probe, estimate, of_given
from hushbeam.transforms.media.decode import Decoder
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.skip_finished import Unfinished
from hushbeam.transforms.sources.read import Sources
from hushbeam.transforms.storage.urls import extension

Count = tuple[str, float]


class EstimateWork(beam.PTransform):
    """Counts recordings by what a run would do with them, and estimates their length. Decodes no audio.

    Input: (failures of ReadManifest, output of SkipFinished). Output: one JSON object, made by `estimate`.

    Args:
      probes: Number of headers to read, of recordings whose length is not in the manifest. The sample is stable.
      duration_key: Metadata key with the length of a recording in seconds.
      limits: Limits of the decoder.
    """

    def __init__(
        self,
        probes: int,
        duration_key: str | None,
        limits: MediaLimits,
        *,
        force: bool = False,
        sources: Sources,
    ) -> None:
        super().__init__("EstimateWork")
        self._probes = probes
        self._duration_key = duration_key
        self._limits = limits
        self._force = force
        self._sources = sources

    def expand(self, found: tuple[beam.PCollection[Failure], Unfinished]) -> beam.PCollection[str]:
        rejected, unfinished = found
        key, force = self._duration_key, self._force
        counts = (
            unfinished.recordings | "To do" >> beam.FlatMap(_counts, key, force).with_output_types(Count),
            unfinished.skipped | "Up to date" >> _each(f"{RECORDINGS}.up_to_date"),
            unfinished.committed | "Done in this run" >> _each(f"{RECORDINGS}.up_to_date"),
            unfinished.erased | "Erased" >> _each(f"{RECORDINGS}.erased"),
            unfinished.failures | "Not found" >> _each(f"{RECORDINGS}.not_found"),
            rejected | "Rejected" >> _each(f"{RECORDINGS}.rejected"),
        )
        totals = counts | "All counts" >> beam.Flatten() | "Total" >> beam.CombinePerKey(sum)
        probes: beam.PCollection[Probe] = (
            self._probed(unfinished.recordings)
            if self._probes
            else rejected.pipeline | "No probes" >> beam.Create([]).with_output_types(Probe)
        )
        return (
            rejected.pipeline
            | "Once" >> beam.Create([None])
            | "Estimate" >> beam.Map(_estimated, beam.pvalue.AsDict(totals), beam.pvalue.AsList(probes))
        )

    def _probed(self, pending: beam.PCollection[PendingRecording]) -> beam.PCollection[Probe]:
        key = self._duration_key
        return (
            pending
            | "Without a length" >> beam.Filter(lambda pending: stated_seconds(pending.recording, key) is None)
            | "Sample" >> beam.combiners.Top.Smallest(self._probes, key=_order)
            | "One by one" >> beam.FlatMap(lambda sample: sample).with_output_types(PendingRecording)
            | "Spread" >> beam.Reshuffle()
            | "Read headers" >> beam.Map(_probe, self._limits, self._sources).with_output_types(Probe)
        )


def stated_seconds(recording: Recording, duration_key: str | None) -> float | None:
    """The length of a recording in its manifest; None if it is missing or not a number."""
    if duration_key is None:
        return None
    try:
        seconds = float(recording.metadata.get(duration_key, ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None


def _counts(pending: PendingRecording, duration_key: str | None, force: bool) -> Iterator[Count]:
    reason = "forced" if pending.reason == "up_to_date" and force else pending.reason
    yield f"{RECORDINGS}.{reason}", 1
    yield BYTES, pending.source.size_bytes
    seconds = stated_seconds(pending.recording, duration_key)
    name, length = SECONDS, seconds
    if length is None:
        name, length = f"{UNKNOWN}.{extension(pending.source.url)}", pending.source.size_bytes
    yield name, length
    if pending.transcript is not None:
        yield of_given(name), length


def _each(name: str) -> beam.PTransform:
    return beam.Map(lambda _: (name, 1)).with_output_types(Count)


def _order(pending: PendingRecording) -> bytes:
    """Key of a sample that is the same in every plan and independent of the order of the manifest."""
    return hashlib.blake2b(pending.recording_id.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _probe(pending: PendingRecording, limits: MediaLimits, sources: Sources) -> Probe:
    try:
        with sources.header_of(pending) as file, Decoder(file, limits) as decoder:
            duration_s = decoder.info.duration_s
    except RecordingError:
        duration_s = None
    return Probe(extension(pending.source.url), pending.source.size_bytes, duration_s)


def _estimated(_: None, totals: Mapping[str, float], probes: Sequence[Probe]) -> str:
    return json.dumps(estimate(totals, probes))
