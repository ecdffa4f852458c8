"""Timings of a run by stage, `runs/RUN_ID/timings.json`, written by the command that waits for the run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from pydantic import BaseModel, ConfigDict

from hushbeam.transforms.base.each_recording import METRICS_NAMESPACE
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import MissingFileError
from hushbeam.transforms.storage.urls import join

_MOST_SAMPLES = 240


class StageTime(BaseModel):
    """Time that one stage took, summed over all recordings and workers.

    Attributes:
      recordings: Number of recordings that passed the stage.
      elapsed_s: Time between entering and leaving. Stages overlap, so it may exceed the run's own time.
      processor_s: Processor time of the threads that called the stage, without threads of models or of the stage.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    recordings: int
    elapsed_s: float
    processor_s: float


class Sample(BaseModel):
    """Progress of a run at one time.

    Attributes:
      elapsed_s: Seconds since the run started.
      audio_s: Seconds of audio transcribed by then.
      committed: Recordings published by then.
    """

    model_config = ConfigDict(frozen=True)

    elapsed_s: float
    audio_s: float
    committed: int


class Timings(BaseModel):
    """Timings of one run. `samples` is empty if no command followed its progress."""

    model_config = ConfigDict(frozen=True)

    started_at: datetime
    wall_s: float
    stages: tuple[StageTime, ...]
    samples: tuple[Sample, ...] = ()


def stage_times(metrics: Mapping[str, Sequence[Any]]) -> tuple[StageTime, ...]:
    """Time of each stage, longest first, from Beam's metrics of the job: `result.metrics().query()`."""
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


def added(*times: Iterable[StageTime]) -> tuple[StageTime, ...]:
    """Times of several pipelines of one run, as one."""
    by_stage: dict[str, StageTime] = {}
    for time in chain(*times):
        before = by_stage.get(time.name)
        by_stage[time.name] = (
            time
            if before is None
            else StageTime(
                name=time.name,
                recordings=before.recordings + time.recordings,
                elapsed_s=before.elapsed_s + time.elapsed_s,
                processor_s=before.processor_s + time.processor_s,
            )
        )
    return tuple(sorted(by_stage.values(), key=lambda time: time.elapsed_s, reverse=True))


def thinned(samples: Sequence[Sample]) -> tuple[Sample, ...]:
    """At most 240 of the samples, evenly spaced, with the first and the last: enough for a plot of any run."""
    if len(samples) <= _MOST_SAMPLES:
        return tuple(samples)
    step = (len(samples) - 1) / (_MOST_SAMPLES - 1)
    return tuple(samples[round(index * step)] for index in range(_MOST_SAMPLES))


def timings_url(output: str, run_id: str) -> str:
    """The URL of a run's timings, which exist if a command waited for it."""
    return join(output, "runs", run_id, "timings.json")


def write_timings(output: str, run_id: str, timings: Timings) -> None:
    """Writes the timings of a run, with its samples thinned."""
    written = timings.model_copy(update={"samples": thinned(timings.samples)})
    files.write_bytes(timings_url(output, run_id), written.model_dump_json(indent=1).encode())


def read_timings(output: str, run_id: str) -> Timings | None:
    """The timings of a run; None if no command waited for it.

    Raises:
      ValidationError: The file is damaged.
    """
    try:
        return Timings.model_validate_json(files.read_bytes(timings_url(output, run_id)))
    except MissingFileError:
        return None
