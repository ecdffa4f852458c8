"""How long a run took, and where: `runs/RUN_ID/timings.json`, written by the command that waited for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from hushbeam.transforms.base.each_recording import METRICS_NAMESPACE
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import MissingFileError
from hushbeam.transforms.storage.urls import join

_MOST_SAMPLES = 240


class StageTime(BaseModel):
    """What one stage took over all recordings and workers.

    Attributes:
      recordings: That passed it.
      elapsed_s: From entering to leaving, summed; stages overlap, so the sum may exceed the run's own time.
      processor_s: Of the threads that called the stage; threads of models and of the stage itself are not in it.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    recordings: int
    elapsed_s: float
    processor_s: float


class Sample(BaseModel):
    """How far a run was.

    Attributes:
      elapsed_s: Since it started.
      audio_s: Sound that had been transcribed.
      committed: Recordings that had been published.
    """

    model_config = ConfigDict(frozen=True)

    elapsed_s: float
    audio_s: float
    committed: int


class Timings(BaseModel):
    """The course of one run. `samples` is empty where nobody watched."""

    model_config = ConfigDict(frozen=True)

    started_at: datetime
    wall_s: float
    stages: tuple[StageTime, ...]
    samples: tuple[Sample, ...] = ()


def stage_times(metrics: Mapping[str, Sequence[Any]]) -> tuple[StageTime, ...]:
    """What each stage took, longest first, from Beam's metrics of the job: `result.metrics().query()`."""
    elapsed: dict[str, Any] = {}
    processor: dict[str, Any] = {}
    for metric in metrics["distributions"]:
        stage, _, kind = metric.key.metric.name.rpartition(".")
        if metric.key.metric.namespace == METRICS_NAMESPACE:
            {"milliseconds": elapsed, "processor_microseconds": processor}[kind][stage] = metric.result
    times = [
        StageTime(
            name=stage,
            recordings=spent.count,
            elapsed_s=spent.sum / 1_000,
            processor_s=processor[stage].sum / 1_000_000 if stage in processor else 0.0,
        )
        for stage, spent in elapsed.items()
    ]
    return tuple(sorted(times, key=lambda time: time.elapsed_s, reverse=True))


def thinned(samples: Sequence[Sample]) -> tuple[Sample, ...]:
    """At most 240 of them, evenly, the first and the last included: enough for a plot of any night."""
    if len(samples) <= _MOST_SAMPLES:
        return tuple(samples)
    step = (len(samples) - 1) / (_MOST_SAMPLES - 1)
    return tuple(samples[round(index * step)] for index in range(_MOST_SAMPLES))


def timings_url(output: str, run_id: str) -> str:
    """Where the timings of a run are, if it was waited for."""
    return join(output, "runs", run_id, "timings.json")


def write_timings(output: str, run_id: str, timings: Timings) -> None:
    """Keeps them with the run."""
    kept = timings.model_copy(update={"samples": thinned(timings.samples)})
    files.write_bytes(timings_url(output, run_id), kept.model_dump_json(indent=1).encode())


def read_timings(output: str, run_id: str) -> Timings | None:
    """None where nobody waited for the run.

    Raises:
      ValidationError: What was kept of it is damaged.
    """
    try:
        return Timings.model_validate_json(files.read_bytes(timings_url(output, run_id)))
    except MissingFileError:
        return None
