"""Figures of a run's report, read from its files column by column, so that memory does not grow with the run."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, TypeAdapter, ValidationError

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.archive.runs.summary import UnreadableSummaryError, checked_summary, summary_url
from hushbeam.transforms.archive.runs.timings import Timings, read_timings, timings_url
from hushbeam.transforms.archive.tables.read import damage_named
from hushbeam.transforms.report_run.drift import Rate, rates
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import MissingFileError
from hushbeam.transforms.storage.urls import join

_SCORE_EDGES = np.linspace(0.0, 1.0, 21)
# Seconds: calls are most of an archive, so minutes are told apart better than hours.
_DURATION_EDGES = np.array([0, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, np.inf])
_ROWS_AT_ONCE = 8192
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Histogram:
    """Counts of values between edges: `counts[i]` counts values from `edges[i]` up to `edges[i + 1]`."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class ErrorGroup:
    """Recordings that failed or were quarantined for the same reason."""

    status: str
    stage: str
    error_class: str
    retryable: bool
    count: int


@dataclass(frozen=True)
class RunFigures:
    """All figures of a report: counts, times and identities of models, but no id or word of a recording.

    Attributes:
      summary: The summary that CloseRun wrote.
      muted_s: Muted seconds by policy, summed over channels.
      scores: Scores of the findings.
      durations: Seconds of the published recordings.
      errors: Most frequent first.
      verification: Recordings by outcome.
      verification_counts: Sums of `control_words`, `control_words_found`, `leaks` and `repairs`.
      deliveries: Notifications by outcome.
      rates: Rates of this run and of earlier runs.
      timings: None if no command waited for the run.
      canaries: Result of the canary calls, {"items", "recall", "floor", "missed"}; None without a gate.
    """

    summary: dict[str, Any]
    muted_s: dict[str, float]
    scores: Histogram
    durations: Histogram
    errors: tuple[ErrorGroup, ...]
    verification: dict[str, int]
    verification_counts: dict[str, int]
    deliveries: dict[str, int]
    rates: tuple[Rate, ...]
    timings: Timings | None
    canaries: dict[str, Any] | None


class _Canaries(BaseModel):
    """The result that the canary gate wrote."""

    items: int
    recall: float
    floor: float
    missed: dict[str, int]


_CANARIES = TypeAdapter(_Canaries)


def read_figures(output: str, run_id: str) -> RunFigures:
    """Reads the figures of a run. Its tables lack the rows that later runs replaced; its summary has them.

    Raises:
      ConfigurationError: The run is not complete, or does not exist.
    """
    summary = _summary(output, run_id)
    transcripts = _Transcripts()
    for batch in _batches(output, "transcripts", run_id, ["duration_s", "muted_s_by_policy", "verification"]):
        transcripts.add(batch)
    scores = np.zeros(len(_SCORE_EDGES) - 1, dtype=np.int64)
    for batch in _batches(output, "findings", run_id, ["score"]):
        scores += np.histogram(batch["score"].to_numpy(), _SCORE_EDGES)[0]
    return RunFigures(
        summary,
        dict(transcripts.muted_s.most_common()),
        Histogram(tuple(_SCORE_EDGES), tuple(map(int, scores))),
        Histogram(tuple(_DURATION_EDGES), tuple(map(int, transcripts.durations))),
        _errors(output, run_id),
        dict(transcripts.outcomes.most_common()),
        dict(transcripts.verification_counts),
        _deliveries(output, run_id),
        rates(summary, _earlier(output, run_id)),
        _timings(output, run_id),
        read_canaries(output, run_id),
    )


def read_canaries(output: str, run_id: str) -> dict[str, Any] | None:
    """Result of a run's canary calls, complete or not; None if it had no gate, or ended before the gate.

    Raises:
      ConfigurationError: The file is damaged.
    """
    try:
        return _CANARIES.validate_json(files.read_bytes(join(output, "runs", run_id, "canaries.json"))).model_dump()
    except MissingFileError:
        return None
    except ValidationError:
        raise ConfigurationError(f"--output: runs/{run_id}/canaries.json is damaged; restore or delete it") from None


def newest_run(output: str) -> str:
    """The id of the newest run of this output.

    Raises:
      ConfigurationError: No run of this output is complete.
    """
    history = _history(output)
    if not history:
        raise ConfigurationError("--output: it has no complete run")
    return str(history[-1]["run_id"])


class _Transcripts:
    """Sums over rows of `transcripts/`."""

    def __init__(self) -> None:
        self.durations = np.zeros(len(_DURATION_EDGES) - 1, dtype=np.int64)
        self.muted_s: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.verification_counts: Counter[str] = Counter()

    def add(self, batch: pa.RecordBatch) -> None:
        self.durations += np.histogram(batch["duration_s"].to_numpy(), _DURATION_EDGES)[0]
        for entries in batch["muted_s_by_policy"].to_pylist():
            self.muted_s.update(dict(entries))
        for verification in batch["verification"].to_pylist():
            self.outcomes[verification["outcome"]] += 1
            for name in ("control_words", "control_words_found", "leaks", "repairs"):
                self.verification_counts[name] += verification[name]


def _errors(output: str, run_id: str) -> tuple[ErrorGroup, ...]:
    columns = ["recording_id", "manifest", "line", "status", "stage", "error_class", "retryable"]
    # A long recording has one row for each span that failed, but counts once.
    seen = {tuple(row.values()) for batch in _batches(output, "errors", run_id, columns) for row in batch.to_pylist()}
    counts = Counter((status, stage, kind, retryable) for *_, status, stage, kind, retryable in seen)
    return tuple(
        ErrorGroup(status, stage, kind, retryable, count)
        for (status, stage, kind, retryable), count in counts.most_common()
    )


def _deliveries(output: str, run_id: str) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for batch in _batches(output, "notifications", run_id, ["outcome"]):
        counts.update(batch["outcome"].to_pylist())
    return dict(counts.most_common())


def _batches(output: str, table: str, run_id: str, columns: list[str]) -> Iterator[pa.RecordBatch]:
    folder = join(output, table)
    for name in files.list_names(folder):
        # The number of the shard follows the id: `night` is not `night-2`.
        if name.rpartition("-")[0] == run_id and name.endswith(".parquet"):
            url = join(folder, name)
            with files.open_read(url) as stream, damage_named(url):
                yield from pq.ParquetFile(stream).iter_batches(_ROWS_AT_ONCE, columns=columns)


def _summary(output: str, run_id: str) -> dict[str, Any]:
    try:
        return checked_summary(files.read_bytes(summary_url(output, run_id)))
    except MissingFileError:
        raise ConfigurationError("--run_id: the run is not complete, or belongs to another output") from None
    except UnreadableSummaryError as error:
        raise ConfigurationError(f"--run_id: its summary is {error}") from None


def _timings(output: str, run_id: str) -> Timings | None:
    """As `read_timings`, but None for a damaged file: the page is made without it, and an audit names it."""
    with suppress(ValidationError):
        return read_timings(output, run_id)
    return None


def _earlier(output: str, run_id: str) -> list[dict[str, Any]]:
    return list(takewhile(lambda summary: summary["run_id"] != run_id, _history(output)))


def _history(output: str) -> list[dict[str, Any]]:
    """The summaries of all complete runs in the order of their starts, without damaged ones."""
    runs = join(output, "runs")
    names = [path.rpartition("/") for path in files.list_names(runs)]
    complete = [run for run, _, name in names if name == "summary.json"]
    summaries = files.read_many([summary_url(output, run) for run in complete])
    timed = files.read_many([timings_url(output, run) for run, _, name in names if name == "timings.json"])
    started: dict[str, datetime] = {}
    for url, content in timed.items():
        with suppress(ValidationError):
            started[url] = Timings.model_validate_json(content).started_at
    valid: list[dict[str, Any]] = []
    for url, content in summaries.items():
        try:
            valid.append(checked_summary(content))
        except UnreadableSummaryError as error:
            _log.warning("runs/%s is ignored: %s", "/".join(url.rsplit("/", 2)[1:]), error)

    def order(summary: dict[str, Any]) -> tuple[str, str]:
        # Without timings, the id counts: ids that the job chooses begin with the time.
        run = summary["run_id"]
        at = started.get(timings_url(output, run))
        return (f"{at:%Y%m%dT%H%M%SZ}" if at else run, run)

    return sorted(valid, key=order)
