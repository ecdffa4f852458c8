"""What a run would do, how long it would take and what it would cost: `--dry_run`, and `hushbeam plan`."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from pydantic import BaseModel, ConfigDict, Field, field_validator
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hushbeam.pipelines.running.speaking import results
from hushbeam.schemas.failure import ConfigurationError
from hushbeam.transforms.base.temporary_files import TemporaryFolder
from hushbeam.transforms.estimate_work import EstimateWork
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.read_manifest import ManifestDefaults, ReadManifest
from hushbeam.transforms.skip_finished import SkipFinished
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.urls import join, normalised

_WORKER_TYPE = re.compile(r"(?P<name>[^:]+):(?P<hours>[0-9.]+)(?::(?P<price>[0-9.]+))?")

_SAID = {
    "new": "to do: new",
    "source": "to do again: the source changed",
    "configuration": "to do again: options or models changed",
    "request": "to do again: the manifest asks for something else",
    "forced": "to do again: --force",
    "up_to_date": "up to date",
    "erased": "erased, and not done again",
    "not_found": "the recording cannot be found",
    "rejected": "the line cannot be used",
}


class Planning(BaseModel):
    """What a run would do, without doing it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dry_run: bool = Field(False, description="only say what the run would do; nothing is heard or written")
    dry_run_probe: int = Field(100, ge=0, le=10_000, description="headers to read, to estimate the hours of sound")
    duration_key: str | None = Field(None, description="key of a recording's metadata that holds its seconds")
    worker_types: tuple[str, ...] = Field(
        ("core:12",), description="NAME:AUDIO_HOURS[:PRICE], hours of sound that one does in an hour, and its price"
    )
    dry_run_report: str | None = Field(None, description="where the plan goes as JSON; a cluster's job needs it")

    @field_validator("worker_types")
    @classmethod
    def _are_types(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for one in given:
            worker_type(one)
        return given


class WorkerType(NamedTuple):
    """A kind of worker.

    Attributes:
      name: Of the operator's choosing.
      audio_hours: That one does in an hour.
      price: Of an hour, in the operator's currency; None where it was not given.
    """

    name: str
    audio_hours: float
    price: float | None


class Plan(NamedTuple):
    """What is planned: the run's own inputs and what its outputs follow from."""

    manifests: tuple[str, ...]
    defaults: ManifestDefaults
    output: str
    run_id: str
    configuration: str
    limits: MediaLimits
    force: bool


def worker_type(given: str) -> WorkerType:
    """Reads NAME:AUDIO_HOURS[:PRICE].

    Raises:
      ValueError: It is something else.
    """
    match = _WORKER_TYPE.fullmatch(given)
    hours = _number(match["hours"]) if match else 0.0
    if match is None or not hours:
        raise ValueError("expected NAME:AUDIO_HOURS or NAME:AUDIO_HOURS:PRICE, as core:12:0.04")
    return WorkerType(match["name"], hours, _number(match["price"]) if match["price"] else None)


def build(pipeline: beam.Pipeline, plan: Plan, planning: Planning) -> beam.PCollection[str]:
    """Draws the pipeline: the first two stages of a run, and the estimate."""
    recordings, rejected = pipeline | ReadManifest(plan.manifests, plan.defaults)
    unfinished = recordings | SkipFinished(plan.output, plan.run_id, plan.configuration, force=plan.force)
    return (rejected, unfinished) | EstimateWork(
        planning.dry_run_probe, planning.duration_key, plan.limits, force=plan.force
    )


def carry_out(
    plan: Plan, planning: Planning, beam_options: PipelineOptions, console: Console, *, local: bool, as_json: bool
) -> None:
    """Runs the plan's pipeline and prints what it found.

    Raises:
      ConfigurationError: On a cluster, there is no place where the plan may go.
    """
    if planning.dry_run_report is None and not local:
        raise ConfigurationError("--dry_run_report: name an object-store URL: the workers' disks are not this one's")
    with TemporaryFolder() as folder:
        report = normalised(planning.dry_run_report or join(folder, "plan.json"))
        pipeline = beam.Pipeline(options=beam_options)
        found = build(pipeline, plan, planning)
        found | "Report" >> beam.Map(_write, report, planning.worker_types)
        pipeline.run().wait_until_finish()
        written = json.loads(files.read_bytes(report))
    if as_json:
        results().print_json(data=written)
    else:
        show(written, console)


def with_work(estimated: dict[str, Any], worker_types: tuple[str, ...]) -> dict[str, Any]:
    """The estimate, with the hours that each type of worker would need, and their cost where there is a price."""
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
    for standing, said in _SAID.items():
        if standing in recordings:
            table.add_row(f"{recordings[standing]:,}", said)
    console.print(table)
    console.print(f"[bold]{to_do['hours']:,.1f} hours of sound to do[/], {to_do['bytes']:,} bytes", highlight=False)
    if to_do["hours_estimated"]:
        console.print(
            f"{to_do['hours_estimated']:,.1f} of them estimated from sizes and {probed['headers']} headers, "
            f"{probed['without_length']} of which do not say how long they are",
            highlight=False,
        )
    if to_do["bytes_of_unknown_length"]:
        console.print(
            f"[bold]Not counted: {to_do['bytes_of_unknown_length']:,} bytes of unknown length[/] (--dry_run_probe)",
            highlight=False,
        )
    work = Table("worker", "hours of sound an hour", "worker hours", "cost", box=None, pad_edge=False)
    for each in plan["work"]:
        cost = "no price given" if each["cost"] is None else f"{each['cost']:,.2f}"
        work.add_row(escape(each["worker"]), f"{each['audio_hours']:g}", f"{each['worker_hours']:,.1f}", cost)
    console.print(work)


def _write(estimated: str, report: str, worker_types: tuple[str, ...]) -> None:
    files.write_bytes(report, json.dumps(with_work(json.loads(estimated), worker_types), indent=1).encode())


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("expected a finite number")
    return number
