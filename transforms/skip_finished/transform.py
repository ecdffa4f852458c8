"""SkipFinished: looks up each source, and leaves out the recordings whose output is up to date."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import NamedTuple

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput
from apache_beam.utils.shared import Shared

from schemas.failure import Failure
from schemas.recording import Recording
from schemas.source import SourceIdentity
from schemas.stages import CommittedRecording, PendingRecording
from transforms.commit.ledger import Status, list_statuses
from transforms.commit.recovery import kept_rows
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
    """What there is to do, what a lost worker of this run did, what earlier runs did, what is missing or erased."""

    recordings: beam.PCollection[PendingRecording]
    committed: beam.PCollection[CommittedRecording]
    skipped: beam.PCollection[str]
    failures: beam.PCollection[Failure]
    erased: beam.PCollection[str]


class SkipFinished(beam.PTransform):
    """Compares each recording's identity (source, request, configuration, models) with that of its committed output.

    A source that is not there is a failure of its recording. With `force`, everything is done again but what was
    erased, which leaves no row either: that would be a trace of it.

    A runner that loses a worker repeats its bundles elsewhere. What the lost worker committed is not heard again; nor
    is it skipped, since its rows are in no table yet.
    """

    def __init__(self, output: str, run_id: str, configuration: str, *, force: bool = False) -> None:
        super().__init__("SkipFinished")
        self._output = output
        self._run_id = run_id
        self._configuration = configuration
        self._force = force

    def expand(self, recordings: beam.PCollection[Recording]) -> Unfinished:
        present = recordings | "Leave out what was erased" >> beam.ParDo(_ErasedFn(self._output)).with_outputs(
            _ERASED, main=_PRESENT
        )
        present[_PRESENT].element_type = Recording
        present[_ERASED].element_type = str
        identified = present[_PRESENT] | each_recording(
            _IdentifyStage(self._output, self._run_id, self._configuration, self._force), PendingRecording
        )
        pending = identified.recordings | "Not up to date" >> beam.Filter(
            lambda recording: not recording.up_to_date and recording.committed is None
        )
        committed = identified.recordings | "Done by a lost worker" >> beam.FlatMap(_committed).with_output_types(
            CommittedRecording
        )
        skipped = (
            identified.recordings
            | "Up to date" >> beam.Filter(lambda recording: recording.up_to_date)
            | "Their ids" >> beam.Map(_skip).with_output_types(str)
        )
        return Unfinished(pending, committed, skipped, identified.failures, present[_ERASED])


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

    def __init__(self, output: str, run_id: str, configuration: str, force: bool) -> None:
        self._output = output
        self._run_id = run_id
        self._configuration = configuration
        self._force = force
        self._shared = Shared()

    def setup(self) -> None:
        self._committed = self._shared.acquire(lambda: _Ledger(list_statuses(self._output)), tag=self._output)

    def process(self, recording: Recording) -> PendingRecording:
        source = files.stat(recording.audio_url)
        identity = output_identity(recording, source, self._configuration)
        earlier = self._committed.statuses.get(recording.recording_id)
        same = earlier is not None and earlier.output_identity == identity
        committed = self._committed_in_this_run(recording) if same and earlier.run_id == self._run_id else None
        return PendingRecording(
            recording,
            source,
            identity,
            replaces=earlier is not None,
            up_to_date=same and earlier.run_id != self._run_id and not self._force,
            committed=committed,
        )

    def _committed_in_this_run(self, recording: Recording) -> CommittedRecording | None:
        committed = kept_rows(self._output, self._run_id, recording.recording_id)
        return committed and replace(
            committed,
            webhook_url=recording.webhook_url,
            webhook_auth_header_name=recording.webhook_auth_header_name,
            webhook_auth_header_value=recording.webhook_auth_header_value,
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


def _committed(recording: PendingRecording) -> Iterator[CommittedRecording]:
    if recording.committed is not None:
        yield recording.committed


def _skip(recording: PendingRecording) -> str:
    report("SkipFinished.skipped")
    return recording.recording_id
