"""AuditOutput: checks every claim of an output root."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import apache_beam as beam
from apache_beam.utils.shared import Shared

from hushbeam.schemas.coders import travels
from hushbeam.schemas.failure import Failure
from hushbeam.schemas.finding import FINDINGS_SCHEMA
from hushbeam.schemas.redacted import TRANSCRIPTS_SCHEMA
from hushbeam.schemas.stages import FromOutput
from hushbeam.transforms.archive.certificate import read_public_key
from hushbeam.transforms.archive.claims import (
    PROBLEMS,
    Claim,
    Problem,
    claim_of,
    statuses_of,
    table_names,
    table_problems,
)
from hushbeam.transforms.archive.tables.read import ReadTable
from hushbeam.transforms.audit.check import audit
from hushbeam.transforms.audit.facts import AuditedRun, audited_run
from hushbeam.transforms.audit.leak_check import load_leak_check
from hushbeam.transforms.audit.records import AuditedRecording
from hushbeam.transforms.audit.runs import run_problems, runs_of
from hushbeam.transforms.audit.settings import AuditSettings
from hushbeam.transforms.audit.unknown_files import unknown_files
from hushbeam.transforms.base.each_recording import RecordingStage, each_recording
from hushbeam.transforms.base.temporary_files import TemporaryFolder
from hushbeam.transforms.verify_audio.settings import in_sample, sample_number

_LEAK_CHECK = Shared()
_FACTS = "facts"


class Audited(NamedTuple):
    """The results of an audit.

    Attributes:
      recordings: With their problems, if any.
      problems: Problems of runs, and of files that belong to no recording.
      failures: Recordings that could not be audited.
      runs: What the small files of the runs say.
    """

    recordings: beam.PCollection[AuditedRecording]
    problems: beam.PCollection[Problem]
    failures: beam.PCollection[Failure]
    runs: beam.PCollection[AuditedRun]


class AuditOutput(beam.PTransform):
    """Joins status objects with their rows in `transcripts/` and `findings/`, and checks each recording's files, claims
    and audio, each run's counts, and that there is nothing else.

    It needs only the output root, and changes nothing.
    """

    def __init__(self, output: str, settings: AuditSettings) -> None:
        super().__init__("AuditOutput")
        self._output = output
        self._settings = settings

    def expand(self, root: beam.pvalue.PBegin) -> Audited:
        output = root | "Output root" >> beam.Create([self._output])
        read = output | "Statuses" >> beam.FlatMap(statuses_of).with_outputs(PROBLEMS, main="statuses")
        read["statuses"].element_type = tuple[str, str]
        read[PROBLEMS].element_type = Problem
        statuses = read["statuses"]
        rows = output | ReadTable("transcripts", TRANSCRIPTS_SCHEMA.names)
        findings = output | ReadTable("findings", FINDINGS_SCHEMA.names)
        claims = (
            {"statuses": statuses, "rows": rows, "findings": findings}
            | "By recording" >> beam.CoGroupByKey()
            | "Claims" >> beam.MapTuple(lambda key, joined: claim_of(key, **joined)).with_output_types(Claim)
        )
        share = self._settings.sample
        first = (
            statuses
            | "With audio" >> beam.FlatMapTuple(_id_with_audio).with_output_types(str)
            | "First of the sample" >> beam.combiners.Top.Of(1, key=sample_number, reverse=True)
        )
        drawn = claims | "Draw" >> beam.Map(_drawn, share, beam.pvalue.AsSingleton(first)).with_output_types(_Drawn)
        audited, failures = drawn | each_recording(_AuditStage(self._output, self._settings), AuditedRecording)
        runs = (
            output
            | "Runs" >> beam.FlatMap(runs_of).with_output_types(str)
            | "Each run by itself" >> beam.Reshuffle()
            | "Lists and counts"
            >> beam.ParDo(_RunFn(self._output, self._settings.public_key)).with_outputs(_FACTS, main="problems")
        )
        runs["problems"].element_type = Problem
        runs[_FACTS].element_type = AuditedRun
        problems = (
            read[PROBLEMS],
            output | "Unknown files" >> beam.FlatMap(unknown_files).with_output_types(Problem),
            output
            | "Files of tables" >> beam.FlatMap(table_names).with_output_types(str)
            | "Each file by itself" >> beam.Reshuffle()
            | "Read each" >> beam.FlatMap(table_problems, self._output).with_output_types(Problem),
            runs["problems"],
        ) | "Problems of files and runs" >> beam.Flatten()
        return Audited(audited, problems, failures, runs[_FACTS])


@travels
@dataclass(frozen=True)
class _Drawn(FromOutput):
    """A claim, and whether its recording is transcribed."""

    recording_id: str
    claim: Claim
    in_sample: bool


def _drawn(claim: Claim, share: float, first: Sequence[str]) -> _Drawn:
    recording_id = claim.recording_id
    return _Drawn(recording_id, claim, in_sample(recording_id, share) or (share > 0 and recording_id in first))


def _id_with_audio(recording_id: str, status: str) -> Iterator[str]:
    """The id of a recording that can be transcribed. A small sample would else be empty for a few recordings."""
    if json.loads(status)["redacted_audio_url"] is not None:
        yield recording_id


class _RunFn(beam.DoFn):
    def __init__(self, output: str, public_key: str | None) -> None:
        self._output = output
        self._public_key = public_key

    def setup(self) -> None:
        self._key = read_public_key(self._public_key) if self._public_key else None

    def process(self, element: str) -> Iterator[Problem | beam.pvalue.TaggedOutput]:
        yield beam.pvalue.TaggedOutput(_FACTS, audited_run(element, self._output, self._key))
        yield from run_problems(element, self._output, self._key)


class _AuditStage(RecordingStage[_Drawn, AuditedRecording]):
    name = "AuditRecording"

    def __init__(self, output: str, settings: AuditSettings) -> None:
        self._output = output
        self._settings = settings

    def setup(self) -> None:
        settings = self._settings
        self._key = read_public_key(settings.public_key) if settings.public_key else None
        self._leak_check = (
            _LEAK_CHECK.acquire(partial(load_leak_check, settings), tag=repr(settings)) if settings.sample else None
        )

    def process(self, recording: _Drawn) -> AuditedRecording:
        leak_check = self._leak_check if recording.in_sample else None
        with TemporaryFolder() as folder:
            return audit(
                recording.claim, self._output, Path(folder), self._key, leak_check, limits=self._settings.limits
            )
