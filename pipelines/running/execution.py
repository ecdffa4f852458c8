"""Runs a pipeline that publishes to an output root: lock, progress, timings, report, summary."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from rich.console import Console
from rich.markup import escape

from hushbeam.pipelines.running.canaries import check_canaries
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE
from hushbeam.pipelines.running.following import Following, metrics_of
from hushbeam.pipelines.running.job import Job
from hushbeam.pipelines.running.locked import locked
from hushbeam.pipelines.running.observing import Observer
from hushbeam.pipelines.running.terminal import print_for_machines, print_summary, watching
from hushbeam.pipelines.running.waiting import submitted, wait
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.archive.certificate import read_private_key
from hushbeam.transforms.archive.ledger import check_is_a_ledger
from hushbeam.transforms.archive.runs.private_roots import remember_private_roots
from hushbeam.transforms.archive.runs.timings import Sample, Timings, stage_times, write_timings
from hushbeam.transforms.archive.tables.file_lists import list_more
from hushbeam.transforms.base import progress
from hushbeam.transforms.media.isolation.children import locks
from hushbeam.transforms.report_run import read_figures, write_report
from hushbeam.transforms.storage import files, urls

_LOOK_HERE_S, _LOOK_ELSEWHERE_S = 0.5, 5.0


Build = Callable[[beam.Pipeline], object]
"""Adds the stages of a job to a pipeline."""


BuildHeld = Callable[[beam.Pipeline, Job], object]
"""Adds the stages of a job to a pipeline. The job holds the lock of its output."""


def carry_out(
    job: Job,
    build: BuildHeld,
    beam_options: PipelineOptions,
    console: Console,
    observer: Observer,
    *,
    local: bool,
    inputs: Sequence[str] | None = None,
) -> int:
    """Runs a job's pipeline while holding the lock of its output, and returns the exit status.

    Args:
      build: Called with the job once the lock is held.
      inputs: Locations that the job reads; None for its manifests.

    Raises:
      ConfigurationError: Another run works on this output, or a worker found the set-up wrong.
    """

    def report_stop(status: int) -> None:
        observer.ended(status, console, reason="stopped by a signal", stopped=True)

    with locked(job.output, job.run_id, console, local=local, on_stop=report_stop) as lock:
        _check_new(job)
        if local:
            _warn_of_missing_locks(console)
        check_is_a_ledger(job.output)
        observer.began(job.run_id, job.manifests if inputs is None else inputs, job.output)
        files.remove_incomplete(job.output)
        remember_private_roots(job.output, job.options.keeping.roots())
        if job.options.canaries.canaries:
            check_canaries(
                job, lambda calls: _run(calls, lambda pipeline: build(pipeline, calls), beam_options), console
            )
        held = job._replace(hold=lock.hold)
        try:
            timings = _run(held, lambda pipeline: build(pipeline, held), beam_options, console, local=local)
        except Exception:
            lock.check()  # a remote worker may have found it lost, but its error arrives as text
            raise
        lock.check()
        if not local:
            files.remove_incomplete(job.output)  # left by workers that were lost while they wrote
        write_timings(job.output, job.run_id, timings)
        figures = read_figures(job.output, job.run_id)
        report = write_report(job.output, figures)
        if local:  # the key of a cluster's workers cannot be read here
            _list_report(job)
    observer.completed(figures)
    summary = figures.summary
    if job.manifests and not any(summary["recordings"].values()):
        console.print("[bold yellow]Warning:[/] The manifests name no recording", highlight=False)
    if job.options.print_json:
        print_for_machines(summary)
    else:
        print_summary(console, figures, job.output, report)
    incomplete = summary["recordings"]["failed"] + summary["recordings"]["quarantined"]
    return EXIT_INCOMPLETE if incomplete else EXIT_COMPLETED


def _run(
    job: Job, build: Build, beam_options: PipelineOptions, console: Console | None = None, *, local: bool = False
) -> Timings:
    """Runs the pipeline to its end; progress is shown on the console, if there is one."""
    started_at, started = datetime.now(UTC), time.monotonic()
    pipeline = beam.Pipeline(options=beam_options)
    build(pipeline)
    samples: list[Sample] = []
    with ExitStack() as watch:
        if console and local:  # the run is over when `run` returns
            progress.reset()
            samples = watch.enter_context(watching(console, progress.counts, _LOOK_HERE_S))
        result = pipeline.run() if local else submitted(pipeline)
        if console and not local:
            counts = Following(result, job.output, job.run_id)
            samples = watch.enter_context(watching(console, counts, _LOOK_ELSEWHERE_S))
        wait(result)
    return Timings(
        started_at=started_at,
        wall_s=time.monotonic() - started,
        stages=stage_times(metrics_of(result)),
        samples=tuple(samples),
    )


def _warn_of_missing_locks(console: Console) -> None:
    if missing := locks().missing():
        console.print(f"[bold yellow]Warning:[/] decoders run without {escape(missing)}", highlight=False)


def _check_new(job: Job) -> None:
    """Refuses the name of an earlier run: this run would replace the rows in its tables."""
    if files.list_names(urls.join(job.output, "runs", job.run_id)):
        raise ConfigurationError(
            "--run_id: an earlier run of this output has the same name; choose another, or leave --run_id out. To "
            "continue a killed run, its name is not needed: the next run takes over what it published"
        )


def _list_report(job: Job) -> None:
    key, folder = read_private_key(job.options.certificate_key), f"runs/{job.run_id}"
    list_more(job.output, job.run_id, [f"{folder}/timings.json", f"{folder}/report.html"], key)
