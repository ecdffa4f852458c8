"""RedactRecordings: the job as a transform in somebody else's pipeline."""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import apache_beam as beam

from hushbeam.pipelines.library.options import redact_options
from hushbeam.pipelines.library.records import PublishedRecording, published
from hushbeam.pipelines.options.dataflow import fit_workers, protect_samples
from hushbeam.pipelines.options.parsing import is_local
from hushbeam.pipelines.redact import publish
from hushbeam.pipelines.running.job import prepare
from hushbeam.pipelines.running.outputs import check_apart, check_private_roots_writable, check_writable
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.failure import Failure
from hushbeam.schemas.stages import CommittedRecording
from hushbeam.transforms.archive.run_lock import PipelineHold
from hushbeam.transforms.begin_run import BeginRun, EndRun
from hushbeam.transforms.read_manifest import ReadRecords

_ONLY_OF_THE_COMMAND = frozenset({"canaries", "metrics_file", "otlp", "openlineage", "pipeline_name", "worker_types"})
"""These options need a process that waits for the run."""


class Redacted(NamedTuple):
    """What comes out of `RedactRecordings`.

    Attributes:
      published: Recordings with a public output that this run made, or that it took over from a run that died.
      failures: Recordings and records without an output, as rows of errors/. Nothing of them is published.
      skipped: Ids of recordings whose output was up to date.
      summary: One text, the JSON of runs/RUN_ID/summary.json, once the run is closed.
    """

    published: beam.PCollection[PublishedRecording]
    failures: beam.PCollection[Failure]
    skipped: beam.PCollection[str]
    summary: beam.PCollection[str]


class RedactRecordings(beam.PTransform):
    """Redacts the recordings of a PCollection into an output root, as `hushbeam redact` does.

    Takes URLs, mappings with the keys of a manifest line, rows with these columns, or `Recording`s, in a bounded
    PCollection. The first stage takes the lock of the output, every commit checks it, and the last stage gives it back.
    A pipeline that fails leaves the lock: the next one takes it over after ten minutes without a heartbeat, at once if
    it was a local run whose process has ended.

    Args:
      output: Folder or object-store URL for all outputs.
      policies: Policies and presets of docs/policies.md, for records that name none.
      options: Further options of `hushbeam redact`, by name: `verify="all"`, `device="cuda"`.

    Raises:
      ConfigurationError: Options are wrong, here or when the transform is applied.
    """

    def __init__(
        self,
        output: str | os.PathLike[str],
        policies: str | Sequence[str] = ("default",),
        **options: Any,
    ) -> None:
        super().__init__("RedactRecordings")
        self._options = redact_options(options, without=_ONLY_OF_THE_COMMAND, output=output, policies=policies)

    def expand(self, records: beam.PCollection[Any]) -> Redacted:
        if not records.is_bounded:
            raise ConfigurationError(
                "RedactRecordings: the input must be bounded, because a run has an end; read a batch"
            )
        pipeline, options = records.pipeline, self._options
        beam_options = pipeline.options
        local = is_local(beam_options)
        check_writable(options.output, from_here=local)
        check_apart(options.output)
        check_private_roots_writable(options.keeping, from_here=local)
        protect_samples(beam_options)
        fit_workers(beam_options, options.workers, device=options.recognition.device)
        job = prepare(options, local=local, of_records=True)
        hold = PipelineHold(job.output, job.run_id, uuid.uuid4().hex, by_process=local)
        begun = pipeline | BeginRun(
            hold,
            options.keeping.roots(),
            job.table_format,
            certificate_key=options.certificate_key,
            hash_identities=options.hash_identities,
        )
        recordings, rejected = records | ReadRecords(
            options.defaults,
            str(Path.cwd()),
            begun,
            hash_identities=options.hash_identities,
            unredacted=job.unredacted is not None,
        )
        results = publish(job._replace(hold=hold), recordings, rejected)
        return Redacted(
            results.committed
            | "Published recordings" >> beam.Map(_published, job.output).with_output_types(PublishedRecording),
            results.failures,
            results.skipped,
            results.summary | EndRun(hold),
        )


def _published(recording: CommittedRecording, output: str) -> PublishedRecording:
    return published(recording.transcript_row, recording.finding_rows, output)
