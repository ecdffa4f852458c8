"""Estimates a run before it starts: recordings to redact and why, hours of audio, worker hours and cost.

    hushbeam plan --manifest calls.jsonl --output out/ --worker_types core:12:0.04 l4:250:0.80

Takes the options of `hushbeam redact` and those of the group "planning". Reads the manifests, the status objects of
the output and the headers of some recordings. Writes nothing but the file that --plan_file names.

Exit status: 0 done; 2 wrong options or set-up.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from pydantic import BaseModel, ConfigDict, Field, field_validator
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hushbeam.pipelines.options.dataflow import fit_workers
from hushbeam.pipelines.options.parsing import is_local, parse
from hushbeam.pipelines.options.redact_options import RedactOptions
from hushbeam.pipelines.running.command_errors import exit_status_of
from hushbeam.pipelines.running.consoles import counted, remarks, results
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED
from hushbeam.pipelines.running.job import Job, prepare
from hushbeam.pipelines.running.leave import leave
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.base.metavar import File, Metavar
from hushbeam.transforms.base.temporary_files import TemporaryFolder
from hushbeam.transforms.estimate_work import EstimateWork
from hushbeam.transforms.read_manifest import ReadManifest
from hushbeam.transforms.skip_finished import SkipFinished
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.urls import join, normalised

_WORKER_TYPE = re.compile(r"(?P<name>[^:]+):(?P<hours>[0-9.]+)(?::(?P<price>[0-9.]+))?")

_REASONS = {
    "new": "to do: new",
    "source": "to redo: the source changed",
    "configuration": "to redo: options or models changed",
    "request": "to redo: the manifest line, its defaults or its review changed",
    "forced": "to redo: --force",
    "up_to_date": "up to date",
    "erased": "erased, and not redone",
    "not_found": "missing: the source cannot be found",
    "rejected": "rejected: the line of the manifest cannot be used",
}


class Planning(BaseModel):
    """How the work is estimated, and where the plan is written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    probe_headers: Annotated[int, Metavar("N")] = Field(
        100, ge=0, le=10_000, description="recordings whose headers are read to estimate the hours of audio"
    )
    duration_key: Annotated[str, Metavar("KEY")] | None = Field(
        None, description="key in the metadata of recordings that holds their length in seconds"
    )
    worker_types: tuple[Annotated[str, Metavar("TYPE")], ...] = Field(
        ("core:12",),
        description="types of workers, each as NAME:AUDIO_HOURS[:PRICE]: hours of audio that it redacts in one hour, "
        "and the price of that hour",
    )
    plan_file: File | None = Field(
        None, description="file for the plan as JSON, a path or an object-store URL; plans on a cluster need one"
    )

    @field_validator("worker_types")
    @classmethod
    def _are_types(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for one in given:
            worker_type(one)
        return given


class WorkerType(NamedTuple):
    """A kind of worker.

    Attributes:
      name: Chosen by the operator.
      audio_hours: Hours of audio that one worker redacts in an hour.
      price: Price of that hour, in the operator's currency; None if it was not given.
    """

    name: str
    audio_hours: float
    price: float | None


class PlanOptions(RedactOptions):
    """The options of the planned run, and those of the plan."""

    planning: Planning = Planning()


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Plans as the command line does, and returns the exit status."""
    console = console or remarks()
    options, beam_options = parse(PlanOptions, __doc__ or "", arguments)
    return exit_status_of(lambda: _plan(options, beam_options, console), console)


def worker_type(given: str) -> WorkerType:
    """Reads NAME:AUDIO_HOURS[:PRICE].

    Raises:
      ValueError: The text has another form.
    """
    match = _WORKER_TYPE.fullmatch(given)
    hours = _number(match["hours"]) if match else 0.0
    if match is None or not hours:
        raise ValueError("expected NAME:AUDIO_HOURS or NAME:AUDIO_HOURS:PRICE, such as core:12:0.04")
    return WorkerType(match["name"], hours, _number(match["price"]) if match["price"] else None)


def build(pipeline: beam.Pipeline, job: Job, planning: Planning) -> beam.PCollection[str]:
    """Builds the pipeline: the first two stages of a run, and the estimate."""
    options = job.options
    recordings, rejected = pipeline | ReadManifest(job.manifests, options.defaults)
    unfinished = recordings | SkipFinished(
        job.output, job.run_id, job.identities["configuration"], tombstones=job.output, force=options.force
    )
    return (rejected, unfinished) | EstimateWork(
        planning.probe_headers, planning.duration_key, options.decoding, force=options.force
    )


def _plan(options: PlanOptions, beam_options: PipelineOptions, console: Console) -> int:
    local = is_local(beam_options)
    fit_workers(beam_options, options.workers, device=options.recognition.device)
    job, planning = prepare(options, local=local), options.planning
    if planning.plan_file is None and not local:
        raise ConfigurationError("--plan_file: name an object-store URL; a file on a worker's disk cannot be read here")
    with TemporaryFolder() as folder:
        plan_file = normalised(planning.plan_file or join(folder, "plan.json"))
        pipeline = beam.Pipeline(options=beam_options)
        found = build(pipeline, job, planning)
        found | "Write the plan" >> beam.Map(_write, plan_file, planning.worker_types)
        pipeline.run().wait_until_finish()
        written = json.loads(files.read_bytes(plan_file))
    if options.print_json:
        results().print_json(data=written)
    else:
        show(written, console)
    return EXIT_COMPLETED


def with_work(estimated: dict[str, Any], worker_types: tuple[str, ...]) -> dict[str, Any]:
    """The estimate, with worker hours for each type of worker, and their cost if a price is given."""
    hours = estimated["to_do"]["hours"]
    work = []
    for kind in map(worker_type, worker_types):
        needed = hours / kind.audio_hours
        cost = None if kind.price is None else round(needed * kind.price, 2)
        work.append(
            {"worker": kind.name, "audio_hours": kind.audio_hours, "worker_hours": round(needed, 2), "cost": cost}
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
    console.print(f"[bold]{_time(to_do['hours'])} of audio to redact[/], {to_do['bytes']:,} bytes", highlight=False)
    if to_do["hours_estimated"]:
        without_length = f", {probed['without_length']} of them without a length" if probed["without_length"] else ""
        console.print(
            f"Estimated from file sizes and from {counted(probed['headers'], 'header')}{without_length}: "
            f"{_time(to_do['hours_estimated'])}",
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
        cost = "no price given" if each["cost"] is None else f"{each['cost']:,.2f}"
        work.add_row(
            escape(each["worker"]), f"{each['audio_hours']:g}", _time(to_do["hours"] / each["audio_hours"]), cost
        )
    console.print(work)


def _time(hours: float) -> str:
    if hours >= 1:
        return f"{hours:,.1f} hours"
    return f"{hours * 60:.1f} minutes" if hours >= 1 / 60 else "under 1 minute"


def _write(estimated: str, plan_file: str, worker_types: tuple[str, ...]) -> None:
    files.write_bytes(plan_file, json.dumps(with_work(json.loads(estimated), worker_types), indent=1).encode())


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("expected a finite number")
    return number


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
