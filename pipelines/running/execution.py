"""Runs a pipeline that publishes to an output root: lock, progress, timings, report, result."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, nullcontext
from datetime import UTC, datetime

import apache_beam as beam
from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions
from rich.console import Console
from rich.markup import escape

from hushbeam.pipelines.running.canaries import check_canaries
from hushbeam.pipelines.running.job import Job
from hushbeam.pipelines.running.locked import locked
from hushbeam.pipelines.running.observing import Observer
from hushbeam.pipelines.running.parts import parts_of_run
from hushbeam.pipelines.running.reporting.costs import costs_of
from hushbeam.pipelines.running.reporting.following import Following, metrics_of
from hushbeam.pipelines.running.reporting.progress import AFTER_TRANSCRIPTION, WITHOUT_VERIFICATION, Clock
from hushbeam.pipelines.running.reporting.result import Tolerance, print_summary, result_for_machines
from hushbeam.pipelines.running.starting.beam_shortcuts import remember_arguments
from hushbeam.pipelines.running.terminal import (
    MOST_LISTED,
    Watch,
    print_for_machines,
    print_recording,
    waiting,
    watching,
)
from hushbeam.pipelines.running.waiting import submitted, wait
from hushbeam.transforms.archive.certificate import read_private_key
from hushbeam.transforms.archive.ledger import check_is_a_ledger
from hushbeam.transforms.archive.runs.private_roots import remember_private_roots
from hushbeam.transforms.archive.runs.table_format import remember_format
from hushbeam.transforms.archive.runs.timings import StageTime, Timings, added, stage_times, write_timings
from hushbeam.transforms.archive.tables.file_lists import list_more
from hushbeam.transforms.archive.tables.parquet import time_text
from hushbeam.transforms.base import progress
from hushbeam.transforms.begin_run import check_identities_as_before, check_new, check_signed_as_before
from hushbeam.transforms.media.isolation.children import locks
from hushbeam.transforms.report_run import FACTS, PAGE, RunFigures, read_figures, read_recordings, write_report
from hushbeam.transforms.storage import files, urls

_NOTHING_AGAIN = "No recording was to be redacted again"
_ONLY_MUTED = "without --store, what reviewers marked is muted, but nothing is restored"
_LOOK_HERE_S, _LOOK_ELSEWHERE_S = 0.5, 5.0


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
      inputs: Locations that the job reads; None for its manifests and recordings.

    Raises:
      ConfigurationError: Another run works on this output, or a worker found the set-up wrong.
    """

    def report_stop(status: int) -> None:
        observer.ended(status, console, reason="stopped by a signal", stopped=True)

    with locked(
        job.output, job.run_id, console, local=local, on_stop=report_stop, wait=job.options.wait_for_lock
    ) as lock:
        started = time.monotonic()  # the wait for another run is no work of this one
        check_new(job.output, job.run_id)
        # Again: a run that waited comes after one that may have been the first of this output.
        check_signed_as_before(job.output, job.options.certificate_key)
        if inputs is None:  # otherwise the ids are those of the output
            check_identities_as_before(job.output, hashed=job.options.hash_identities is not None)
        # Not earlier: a run that waited for the lock must come after the run that it waited for.
        job = job._replace(processed_at=time_text(datetime.now(UTC)))
        if local:
            _warn_of_missing_locks(console)
        check_is_a_ledger(job.output)
        read = (*job.manifests, *map(urls.display, job.recordings))  # a query may be a secret
        observer.began(job.run_id, read if inputs is None else inputs, job.output)
        files.remove_incomplete(job.output)
        remember_private_roots(job.output, job.options.keeping.roots())
        remember_format(job.output, job.table_format)
        if job.options.canaries.canaries:
            check_canaries(
                job,
                lambda calls: _run(calls, build, beam_options, ExitStack()),
                console,
            )
        held = job._replace(hold=lock.hold)
        with ExitStack() as shown:
            try:
                timings = _run(
                    held,
                    build,
                    beam_options,
                    shown,
                    console,
                    local=local,
                    first="reading the inputs" if inputs is None else "redacting again",
                )
            except Exception:
                lock.check()  # a remote worker may have found it lost, but its error arrives as text
                raise
            lock.check()
            if not local:
                files.remove_incomplete(job.output)  # left by workers that were lost while they wrote
            write_timings(job.output, job.run_id, timings)
            figures = read_figures(job.output, job.run_id)
            costs = costs_of(figures, job.options.worker_types)
            report = write_report(job.output, figures, costs)
            if local:  # the key of a cluster's workers cannot be read here
                _list_report(job)
            else:
                _list_recordings(job, figures, console)
    observer.completed(figures)
    wall_s = time.monotonic() - started
    tolerance = Tolerance(
        job.options.fail_above,
        allow_empty=job.options.allow_empty or not job.manifests,
        nothing=None if inputs is None else _NOTHING_AGAIN if inputs else f"{_NOTHING_AGAIN}; {_ONLY_MUTED}",
    )
    exit_status = tolerance.exit_status(figures)
    if job.options.print_json:
        print_for_machines(result_for_machines(figures, job.output, report, wall_s, exit_status, costs=costs))
        if told := tolerance.told(figures):
            console.print(escape(told), highlight=False, soft_wrap=not console.is_terminal)
    else:
        print_summary(
            console,
            figures,
            job.output,
            report,
            wall_s,
            costs=costs,
            tolerance=tolerance,
            tells_files=job.tells_files,
        )
    return exit_status


def _list_recordings(job: Job, figures: RunFigures, console: Console) -> None:
    """Prints the recordings of a short run on a cluster, which does not tell when each ends."""
    recordings = figures.summary["recordings"]
    if sum(recordings.values()) - recordings["skipped"] <= MOST_LISTED:
        for ended in read_recordings(job.output, job.run_id):
            print_recording(console, ended, tells_files=job.tells_files)


def _run(
    job: Job,
    build: BuildHeld,
    beam_options: PipelineOptions,
    shown: ExitStack,
    console: Console | None = None,
    *,
    local: bool = False,
    first: str = "",
) -> Timings:
    """Runs the job to its end, in one pipeline or in several, one after the other.

    Args:
      first: What it does before it knows of audio, if it runs here.
      shown: Keeps the progress on the console until the command has written the report.
      console: Shows progress; None shows none.
    """
    started_at, started = datetime.now(UTC), time.monotonic()
    clock = Clock(AFTER_TRANSCRIPTION if job.options.verification.enabled else WITHOUT_VERIFICATION)
    watch: Watch | None = None
    progress.reset()
    if console and local:  # the run is over when `run` returns
        if beam_options.view_as(DirectOptions).direct_running_mode != "in_memory":
            first = "working in several processes"  # which report nothing to this one
        watch = shown.enter_context(
            watching(console, progress.counts_now, _LOOK_HERE_S, first=first, clock=clock, tells_files=job.tells_files)
        )
    remember_arguments()
    stages: tuple[StageTime, ...] = ()
    with closing(parts_of_run(job, in_parts=local)) as parts:
        for part in parts:
            pipeline = beam.Pipeline(options=beam_options)
            build(pipeline, part)
            if local:
                result = pipeline.run()
            else:
                with waiting(console, "submitting the job") if console else nullcontext():
                    result = submitted(pipeline)
            if console and not local:
                counts = Following(result, job.output, job.run_id)
                watch = shown.enter_context(
                    watching(
                        console,
                        counts,
                        _LOOK_ELSEWHERE_S,
                        first="working on the cluster",
                        clock=clock,
                        tells_files=job.tells_files,
                    )
                )
            wait(result)
            stages = added(stages, stage_times(metrics_of(result)))
            # Beam's local runner keeps what passed between stages as long as its result.
            del pipeline, result
    if watch is not None:
        watch.close()
    return Timings(
        started_at=started_at,
        wall_s=time.monotonic() - started,
        stages=stages,
        samples=tuple(watch.samples) if watch is not None else (),
    )


def _warn_of_missing_locks(console: Console) -> None:
    if missing := locks().missing():
        console.print(f"[bold yellow]Warning:[/] decoders run without {escape(missing)}", highlight=False)


def _list_report(job: Job) -> None:
    key, folder = read_private_key(job.options.certificate_key), f"runs/{job.run_id}"
    list_more(job.output, job.run_id, [f"{folder}/{name}" for name in ("timings.json", FACTS, PAGE)], key)
