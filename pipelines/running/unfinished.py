"""What a run has to do: recordings to redact and not to redact, each without those that are done."""

from __future__ import annotations

import apache_beam as beam

from hushbeam.pipelines.running.job import Job
from hushbeam.schemas.recording import Recording
from hushbeam.transforms.skip_finished import SkipFinished


def divided(
    job: Job, recordings: beam.PCollection[Recording]
) -> tuple[beam.PCollection[Recording], beam.PCollection[Recording] | None]:
    """The recordings to redact, and the others; None where a job takes no others."""
    if job.unredacted is None:
        return recordings, None
    return (
        recordings | "To redact" >> beam.Filter(lambda recording: recording.redact),
        recordings | "Not to redact" >> beam.Filter(lambda recording: not recording.redact),
    )


def skip_finished(job: Job, root: str) -> SkipFinished:
    """Skips what the ledger of a root has: the output's, or that of the unredacted output."""
    return SkipFinished(
        root,
        job.run_id,
        job.identities["configuration_id"],
        tombstones=job.output,
        force=job.options.force,
        sources=job.sources,
        part=job.part,
    )
