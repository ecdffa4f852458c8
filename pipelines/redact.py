"""`hushbeam redact`: redacts recordings, and publishes transcripts and audio without personal data."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Sequence
from contextlib import closing

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from rich.console import Console

from hushbeam.pipelines.options.commands.redact import RedactOptions
from hushbeam.pipelines.options.dataflow import fit_workers, makes_template
from hushbeam.pipelines.options.parsing import is_local, parse
from hushbeam.pipelines.publishing import RedactAndCommit, Results, finish
from hushbeam.pipelines.running.command_errors import exit_status_of
from hushbeam.pipelines.running.consoles import print_remarks, remarks
from hushbeam.pipelines.running.execution import carry_out
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED
from hushbeam.pipelines.running.job import Job, prepare
from hushbeam.pipelines.running.leave import leave
from hushbeam.pipelines.running.observing import Observer, observed
from hushbeam.pipelines.running.outputs import check_apart, check_private_roots_writable, check_writable
from hushbeam.pipelines.running.starting.job_servers import start_job_server
from hushbeam.pipelines.running.terminal import waiting
from hushbeam.pipelines.running.unfinished import divided, skip_finished
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.failure import Failure
from hushbeam.schemas.recording import Recording
from hushbeam.schemas.stages import CommittedRecording
from hushbeam.transforms.archive.run_lock import PipelineHold
from hushbeam.transforms.assemble_transcript import AssembleTranscript
from hushbeam.transforms.begin_run import AfterBegin, BeginRun, EndRun, KeepHold
from hushbeam.transforms.keep_unredacted import PublishUnredacted
from hushbeam.transforms.plan_spans import PlanSpans
from hushbeam.transforms.read_manifest import ReadManifest
from hushbeam.transforms.transcribe import Transcribe, TranscribeSpans


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Runs the job as the command line does, and returns its exit status."""
    options, beam_options = parse(RedactOptions, arguments)
    return execute(options, beam_options, console)


def execute(options: RedactOptions, beam_options: PipelineOptions, console: Console | None = None) -> int:
    """Does what the options say, and returns the exit status."""
    console = console or remarks()
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
    recordings, rejected = pipeline | ReadManifest(
        job.manifests,
        job.options.defaults,
        recordings=job.recordings,
        spooled=job.spooled,
        hash_identities=job.options.hash_identities,
        output=None if isinstance(job.hold, PipelineHold) else job.output,  # BeginRun compares the key, with the lock
        unredacted=job.unredacted is not None,
        packs=job.packs,
        part=job.part,
    )
    if not isinstance(job.hold, PipelineHold):  # the process that waits for the job holds the output
        return publish(job, recordings, rejected)
    begun = pipeline | BeginRun(
        job.hold,
        job.options.keeping.roots(),
        job.table_format,
        certificate_key=job.options.certificate_key,
        hash_identities=job.options.hash_identities,
    )
    results = publish(
        job,
        recordings | "Recordings of the run" >> AfterBegin(begun),
        rejected | "Rejects of the run" >> AfterBegin(begun),
    )
    return results._replace(summary=results.summary | EndRun(job.hold))


def publish(job: Job, recordings: beam.PCollection[Recording], rejected: beam.PCollection[Failure]) -> Results:
    """The stages after the reading of what to redact, wherever it came from."""
    options = job.options
    recognition, limits, needs = options.recognition, options.decoding, options.workers.hints()

    to_redact, not_to_redact = divided(job, recordings)
    published_unredacted = None
    if not_to_redact is not None and job.unredacted is not None:
        published_unredacted = not_to_redact | PublishUnredacted(
            job.unredacted,
            recognition,
            skip_finished(job, job.unredacted.root),
            job.run_id,
            limits=limits,
            hold=job.hold,
            sources=job.sources,
        ).with_resource_hints(**needs)
    pending, done_before, skipped, missing, erased = to_redact | skip_finished(job, job.output)
    all_published, failures = [done_before], [rejected, missing]
    if isinstance(job.hold, PipelineHold):
        pending |= KeepHold(job.hold).with_resource_hints(**needs)

    if recognition.shuffle_key:
        whole, spans, undecoded = pending | PlanSpans(recognition.longest_minutes * 60, limits, job.sources)
        if isinstance(job.hold, PipelineHold):
            spans |= "Keep the hold for spans" >> KeepHold(job.hold).with_resource_hints(**needs)
        transcribed_spans, failed_spans = spans | TranscribeSpans(recognition, limits, job.sources).with_resource_hints(
            **needs
        )
        joined, unjoined = transcribed_spans | AssembleTranscript(recognition.shuffle_key).with_resource_hints(**needs)
        long = joined | "Long recordings" >> RedactAndCommit(job).with_resource_hints(**needs)
        published_long, unpublished_long = long
        all_published.append(published_long)
        failures += [undecoded, failed_spans, unjoined, unpublished_long]
    else:
        whole = pending

    transcribed, untranscribed = whole | Transcribe(recognition, limits, job.sources).with_resource_hints(**needs)
    # The same resource hints throughout: stages with different hints are not fused, and words would leave their worker.
    published, unpublished = transcribed | RedactAndCommit(job).with_resource_hints(**needs)
    failures += [untranscribed, unpublished]

    all_published.append(published)
    committed = all_published | "Published" >> beam.Flatten().with_output_types(CommittedRecording)
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
    with waiting(console, "checking options and models"):
        check_writable(options.output)
        check_apart(options.output)
        check_private_roots_writable(options.keeping, from_here=local)
        fit_workers(beam_options, options.workers, device=options.recognition.device)
        start_job_server(beam_options)
        prepared = prepare(options, local=local)
    with closing(prepared) as job:
        print_remarks(job.remarks, console)
        return carry_out(job, build, beam_options, console, observer, local=local)


def _write_template(options: RedactOptions, beam_options: PipelineOptions) -> int:
    """Writes the job as a Dataflow template, which is run later and locks the output itself."""
    for option, given in (("--canaries", options.canaries.canaries), *options.observability.receivers()):
        if given:
            raise ConfigurationError(
                f"{option}: a template cannot use it, because this command does not wait for its runs"
            )
    check_writable(options.output, from_here=False)
    fit_workers(beam_options, options.workers, device=options.recognition.device)
    job = prepare(options, local=False)
    print_remarks(job.remarks, remarks())
    hold = PipelineHold(job.output, job.run_id, uuid.uuid4().hex, by_process=False)
    build(pipeline := beam.Pipeline(options=beam_options), job._replace(hold=hold))
    pipeline.run()
    return EXIT_COMPLETED


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
