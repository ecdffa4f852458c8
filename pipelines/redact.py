"""Redacts recordings: publishes transcripts without personal data, and audio in which it is muted.

    hushbeam redact --manifest calls.jsonl --output out/
    hushbeam redact --config job.yaml --manifest 'gs://calls/*.jsonl' --output gs://redacted

A SECRET is where a secret is kept, never the secret itself: env:NAME, file:/path, or
secretmanager://projects/P/secrets/S/versions/V.

Exit status: 0 all recordings completed; 1 the job broke; 2 wrong options or set-up; 3 some recordings did not complete
(see errors/ in the output); 5 another run works on the output; 6 the canary check failed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from rich.console import Console

from hushbeam.pipelines.options.dataflow import fit_workers, makes_template
from hushbeam.pipelines.options.parsing import is_local, parse
from hushbeam.pipelines.options.redact_options import RedactOptions
from hushbeam.pipelines.publishing import RedactAndCommit, Results, finish
from hushbeam.pipelines.running.command_errors import exit_status_of
from hushbeam.pipelines.running.consoles import remarks
from hushbeam.pipelines.running.execution import carry_out
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED
from hushbeam.pipelines.running.job import Job, prepare
from hushbeam.pipelines.running.leave import leave
from hushbeam.pipelines.running.observing import Observer, observed
from hushbeam.pipelines.running.outputs import check_writable
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.stages import CommittedRecording
from hushbeam.transforms.archive.runs.private_roots import remember_private_roots
from hushbeam.transforms.assemble_transcript import AssembleTranscript
from hushbeam.transforms.keep_unredacted import PublishUnredacted
from hushbeam.transforms.plan_spans import PlanSpans
from hushbeam.transforms.read_manifest import ReadManifest
from hushbeam.transforms.skip_finished import SkipFinished
from hushbeam.transforms.transcribe import Transcribe, TranscribeSpans


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Runs the job as the command line does, and returns its exit status."""
    console = console or remarks()
    options, beam_options = parse(RedactOptions, __doc__ or "", arguments)
    if makes_template(beam_options):
        return exit_status_of(lambda: _write_template(options, beam_options), console)
    return observed(
        lambda observer: _attempt(options, beam_options, console, observer),
        options.observability,
        options.hash_identities,
        console,
    )


def build(pipeline: beam.Pipeline, job: Job) -> Results:
    """Builds the pipeline, in the order in which the data flows."""
    options, output = job.options, job.output
    recognition, limits, needs = options.recognition, options.decoding, options.workers.hints()

    recordings, rejected = pipeline | ReadManifest(
        job.manifests,
        options.defaults,
        hash_identities=options.hash_identities,
        unredacted=job.unredacted is not None,
    )
    to_redact, published_unredacted = recordings, None
    if job.unredacted is not None:
        to_redact = recordings | "To redact" >> beam.Filter(lambda recording: recording.redact)
        published_unredacted = (
            recordings
            | "Not to redact" >> beam.Filter(lambda recording: not recording.redact)
            | PublishUnredacted(
                job.unredacted,
                recognition,
                output,
                job.run_id,
                job.identities["configuration"],
                limits=limits,
                hold=job.hold,
                force=options.force,
            ).with_resource_hints(**needs)
        )
    pending, done_before, skipped, missing, erased = to_redact | SkipFinished(
        output, job.run_id, job.identities["configuration"], tombstones=output, force=options.force
    )
    failures = [rejected, missing]

    if recognition.shuffle_key:
        whole, spans, undecoded = pending | PlanSpans(recognition.longest_minutes * 60, limits)
        transcribed_spans, failed_spans = spans | TranscribeSpans(recognition, limits).with_resource_hints(**needs)
        joined, unjoined = transcribed_spans | AssembleTranscript(recognition.shuffle_key).with_resource_hints(**needs)
        long = joined | "Long recordings" >> RedactAndCommit(job).with_resource_hints(**needs)
        published_long, unpublished_long = long
        failures += [undecoded, failed_spans, unjoined, unpublished_long]
    else:
        whole, published_long = pending, pipeline | "No long recordings" >> beam.Create([])

    transcribed, untranscribed = whole | Transcribe(recognition, limits).with_resource_hints(**needs)
    # The same resource hints throughout: stages with different hints are not fused, and words would leave their worker.
    published, unpublished = transcribed | RedactAndCommit(job).with_resource_hints(**needs)
    failures += [untranscribed, unpublished]

    committed = (published, published_long, done_before) | "Published" >> beam.Flatten().with_output_types(
        CommittedRecording
    )
    if published_unredacted is None:
        return finish(job, committed, failures=failures, skipped=skipped, recordings=recordings, erased=[erased])
    return finish(
        job,
        committed,
        failures=[*failures, published_unredacted.failures],
        skipped=(skipped, published_unredacted.skipped) | "All skipped" >> beam.Flatten(),
        recordings=to_redact,
        erased=[(erased, published_unredacted.erased) | "All erased" >> beam.Flatten()],
        unredacted=[published_unredacted.written],
    )


def _attempt(options: RedactOptions, beam_options: PipelineOptions, console: Console, observer: Observer) -> int:
    local = is_local(beam_options)
    check_writable(options.output)
    fit_workers(beam_options, options.workers, device=options.recognition.device)
    return carry_out(prepare(options, local=local), build, beam_options, console, observer, local=local)


def _write_template(options: RedactOptions, beam_options: PipelineOptions) -> int:
    """Writes the job as a Dataflow template, which is run later."""
    for option, given in (("--canaries", options.canaries.canaries), *options.observability.receivers()):
        if given:
            raise ConfigurationError(
                f"{option}: a template cannot use it, because this command does not wait for its runs"
            )
    check_writable(options.output)
    fit_workers(beam_options, options.workers, device=options.recognition.device)
    job = prepare(options, local=False)
    remember_private_roots(job.output, options.keeping.roots())
    build(pipeline := beam.Pipeline(options=beam_options), job)
    pipeline.run()
    return EXIT_COMPLETED


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
