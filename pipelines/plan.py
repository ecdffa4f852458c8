"""`hushbeam plan`: estimates a run before it starts."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hushbeam.pipelines.options.commands.plan import Planning, PlanOptions
from hushbeam.pipelines.options.dataflow import fit_workers
from hushbeam.pipelines.options.parsing import is_local, parse
from hushbeam.pipelines.options.worker_types import worker_type
from hushbeam.pipelines.running.command_errors import exit_status_of
from hushbeam.pipelines.running.consoles import print_remarks, remarks, results
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED
from hushbeam.pipelines.running.job import Job, prepare
from hushbeam.pipelines.running.leave import leave
from hushbeam.pipelines.running.outputs import check_readable
from hushbeam.pipelines.running.reporting.costs import cost, cost_told, hours_told
from hushbeam.pipelines.running.starting.job_servers import start_job_server
from hushbeam.pipelines.running.unfinished import divided, skip_finished
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.base.plurals import counted
from hushbeam.transforms.base.temporary_files import TemporaryFolder
from hushbeam.transforms.estimate_work import EstimateWork
from hushbeam.transforms.read_manifest import ReadManifest
from hushbeam.transforms.skip_finished import Unfinished
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.urls import join, normalised

WORK_WITH_TRANSCRIPT = 0.22
"""Work on an hour of audio with a given transcript, where an hour that is transcribed is 1. It is detected, muted and
verified all the same. Measured with packaged models and default verification on `evaluation/telephone`, in processor
seconds of the job for 11 calls: 7.5 with given transcripts, 34.7 without. A larger model makes it less."""

_REASONS = {
    "new": "to do: new",
    "source": "to redo: the source changed",
    "configuration": "to redo: options or models changed",
    "request": "to redo: the manifest line, its defaults or its review changed",
    "forced": "to redo: --force",
    "up_to_date": "up to date",
    "erased": "erased, and not redone",
    "not_found": "missing: the source cannot be found",
    "rejected": "rejected: the line of the manifest cannot be used; `hushbeam doctor MANIFEST` says why",
}


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Plans as the command line does, and returns the exit status."""
    options, beam_options = parse(PlanOptions, arguments)
    return execute(options, beam_options, console)


def execute(options: PlanOptions, beam_options: PipelineOptions, console: Console | None = None) -> int:
    """Does what the options say, and returns the exit status."""
    console = console or remarks()
    return exit_status_of(lambda: _plan(options, beam_options, console), console)


def build(pipeline: beam.Pipeline, job: Job, planning: Planning) -> beam.PCollection[str]:
    """Builds the pipeline: the first two stages of a run, and the estimate."""
    options = job.options
    recordings, rejected = pipeline | ReadManifest(
        job.manifests,
        options.defaults,
        recordings=job.recordings,
        spooled=job.spooled,
        hash_identities=options.hash_identities,
        output=job.output,
        is_held=False,
        unredacted=job.unredacted is not None,
    )
    to_redact, not_to_redact = divided(job, recordings)
    unfinished = to_redact | "Skip redacted" >> skip_finished(job, job.output)
    if not_to_redact is not None and job.unredacted is not None:
        unfinished = _both(unfinished, not_to_redact | "Skip unredacted" >> skip_finished(job, job.unredacted.root))
    return (rejected, unfinished) | EstimateWork(
        planning.probe_headers,
        planning.duration_key,
        options.decoding,
        force=options.force,
        sources=job.sources,
    )


def _both(first: Unfinished, second: Unfinished) -> Unfinished:
    pairs = zip(Unfinished._fields, first, second, strict=True)
    return Unfinished(*((one, other) | f"All {field}" >> beam.Flatten() for field, one, other in pairs))


def _plan(options: PlanOptions, beam_options: PipelineOptions, console: Console) -> int:
    local = is_local(beam_options)
    check_readable(options.output, from_here=local)
    fit_workers(beam_options, options.workers, device=options.recognition.device)
    planning = options.planning
    if planning.plan_file is None and not local:
        raise ConfigurationError("--plan_file: name an object-store URL; a file on a worker's disk cannot be read here")
    start_job_server(beam_options)
    with closing(prepare(options, local=local, writes=False)) as job, TemporaryFolder() as folder:
        print_remarks(job.remarks, console)
        plan_file = normalised(planning.plan_file or join(folder, "plan.json"))
        pipeline = beam.Pipeline(options=beam_options)
        found = build(pipeline, job, planning)
        found | "Write the plan" >> beam.Map(_write, plan_file, options.worker_types)
        pipeline.run().wait_until_finish()
        written = json.loads(files.read_bytes(plan_file))
    if options.print_json:
        results().print_json(data=written)
    else:
        show(written, console)
    return EXIT_COMPLETED


def with_work(estimated: dict[str, Any], worker_types: tuple[str, ...]) -> dict[str, Any]:
    """The estimate, with worker hours for each type of worker, and their cost if a price is given."""
    work = []
    for kind in map(worker_type, worker_types):
        needed = _worker_hours(estimated["to_do"], kind.audio_hours)
        work.append(
            {
                "worker": kind.name,
                "audio_hours": kind.audio_hours,
                "worker_hours": round(needed, 6),
                "cost": cost(kind, needed),
            }
        )
    return estimated | {"work": work}


def show(plan: dict[str, Any], console: Console) -> None:
    """Prints a plan for people."""
    recordings, to_do, probed = plan["recordings"], plan["to_do"], plan["probed"]
    table = Table("recordings", "", box=None, pad_edge=False, show_header=False)
    for reason, text in _REASONS.items():
        if reason in recordings:
            table.add_row(f"{recordings[reason]:,}", text)
    console.print(table)
    if not any(to_do.values()):
        console.print("[bold]Nothing to redact[/]")
        return
    audio = hours_told(to_do["hours"])
    console.print(f"[bold]{audio} of audio to redact[/], {to_do['bytes']:,} bytes", highlight=False)
    if to_do["hours_with_transcript"]:
        given = hours_told(to_do["hours_with_transcript"])
        console.print(f"Of this, with a given transcript: {given}", highlight=False)
    if to_do["hours_estimated"]:
        without_length = f", {probed['without_length']} of them without a length" if probed["without_length"] else ""
        console.print(
            f"Estimated from file sizes and from {counted(probed['headers'], 'header')}{without_length}: "
            f"{hours_told(to_do['hours_estimated'])}",
            highlight=False,
        )
    if to_do["bytes_of_unknown_length"]:
        console.print(
            f"[bold]Not included: {to_do['bytes_of_unknown_length']:,} bytes of unknown length[/]; a higher "
            "--probe_headers may help",
            highlight=False,
        )
    work = Table("worker", "audio hours per hour", "worker time", "cost", box=None, pad_edge=False)
    for each in plan["work"]:
        time = hours_told(_worker_hours(to_do, each["audio_hours"]))
        work.add_row(escape(each["worker"]), f"{each['audio_hours']:g}", time, cost_told(each["cost"]))
    console.print(work)


def _worker_hours(to_do: dict[str, Any], audio_hours: float) -> float:
    """Hours of a worker that redacts `audio_hours` in an hour."""
    given: float = to_do["hours_with_transcript"]
    transcribed: float = to_do["hours"] - given
    return (transcribed + WORK_WITH_TRANSCRIPT * given) / audio_hours


def _write(estimated: str, plan_file: str, worker_types: tuple[str, ...]) -> None:
    files.write_bytes(plan_file, json.dumps(with_work(json.loads(estimated), worker_types), indent=1).encode())


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
