"""SkipFinished: looks up each source, and leaves out the recordings whose output is up to date."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import NamedTuple

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput
from apache_beam.utils.shared import Shared

from schemas.failure import Failure
from schemas.recording import Recording
from schemas.source import SourceIdentity
from schemas.stages import PendingRecording
from transforms.commit.ledger import Status, list_statuses
from transforms.each_recording import RecordingStage, each_recording
from transforms.progress import report
from transforms.retention.tombstones import Tombstones
from transforms.storage import files

_PRESENT, _ERASED = "present", "erased"

# What a recording's line says about its delivery does not change its output.
_NOT_OF_THE_OUTPUT = frozenset(
    {"manifest", "line", "webhook_url", "webhook_auth_header_name", "webhook_auth_header_value"}
)


class Unfinished(NamedTuple):
    """What there is to do, what is done already, what cannot be found, and what was erased and stays so."""

    recordings: beam.PCollection[PendingRecording]
    skipped: beam.PCollection[str]
    failures: beam.PCollection[Failure]
    erased: beam.PCollection[str]


class SkipFinished(beam.PTransform):
    """Compares each recording's identity (source, request, configuration, models) with that of its committed output.

    A source that is not there is a failure of its recording. With `force`, everything is done again but what was
    erased, which leaves no row either: that would be a trace of it.
    """

    def __init__(self, output: str, configuration: str, *, force: bool = False) -> None:
        super().__init__("SkipFinished")
        self._output = output
        self._configuration = configuration
        self._force = force

    def expand(self, recordings: beam.PCollection[Recording]) -> Unfinished:
        present = recordings | "Leave out what was erased" >> beam.ParDo(_ErasedFn(self._output)).with_outputs(
            _ERASED, main=_PRESENT
        )
        present[_PRESENT].element_type = Recording
        present[_ERASED].element_type = str
        identified = present[_PRESENT] | each_recording(
            _IdentifyStage(self._output, self._configuration, self._force), PendingRecording
        )
        pending = identified.recordings | "Not up to date" >> beam.Filter(lambda recording: not recording.up_to_date)
        skipped = (
            identified.recordings
            | "Up to date" >> beam.Filter(lambda recording: recording.up_to_date)
            | "Their ids" >> beam.Map(_skip).with_output_types(str)
        )
        return Unfinished(pending, skipped, identified.failures, present[_ERASED])


class _ErasedFn(beam.DoFn):
    def __init__(self, output: str) -> None:
        self._output = output
        self._shared = Shared()

    def setup(self) -> None:
        self._tombstones = self._shared.acquire(lambda: Tombstones(self._output), tag=self._output)

    def process(self, element: Recording) -> Iterator[Recording | TaggedOutput]:
        if self._tombstones.has(element.recording_id, element.audio_url):
            report("SkipFinished.skipped")
            yield TaggedOutput(_ERASED, element.recording_id)
        else:
            yield element


class _IdentifyStage(RecordingStage[Recording, PendingRecording]):
    name = "SkipFinished"

    def __init__(self, output: str, configuration: str, force: bool) -> None:
        self._output = output
        self._configuration = configuration
        self._force = force
        self._shared = Shared()

    def setup(self) -> None:
        self._committed = self._shared.acquire(lambda: _Ledger(list_statuses(self._output)), tag=self._output)

    def process(self, recording: Recording) -> PendingRecording:
        source = files.stat(recording.audio_url)
        identity = output_identity(recording, source, self._configuration)
        committed = self._committed.statuses.get(recording.recording_id)
        return PendingRecording(
            recording,
            source,
            identity,
            replaces=committed is not None,
            up_to_date=committed is not None and committed.output_identity == identity and not self._force,
        )


class _Ledger:
    """The statuses of one output root: an object that `Shared` can hold weakly, as a plain dict cannot be."""

    def __init__(self, statuses: Mapping[str, Status]) -> None:
        self.statuses = statuses


def output_identity(recording: Recording, source: SourceIdentity, configuration: str) -> str:
    """Hash over all that an output follows from: the same identity gives the same bytes.

    Args:
      configuration: Hash over the job's options and models.
    """
    request = {name: value for name, value in asdict(recording).items() if name not in _NOT_OF_THE_OUTPUT}
    known = json.dumps([request, source.to_dict(), configuration], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(known.encode()).hexdigest()


def _skip(recording: PendingRecording) -> str:
    report("SkipFinished.skipped")
    return recording.recording_id
