"""Figures of a run's report, read from its files column by column, so that memory does not grow with the run."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, TypeAdapter, ValidationError

from hushbeam.schemas.delivery import DELIVERED, NOT_REQUESTED, REJECTED
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.failure import READING, Failure
from hushbeam.transforms.archive.runs.summary import UnreadableSummaryError, checked_summary, summary_url, without_line
from hushbeam.transforms.archive.runs.timings import Timings, read_timings, timings_url
from hushbeam.transforms.archive.tables.read import damage_named, run_files
from hushbeam.transforms.base.each_recording import end_of_failure
from hushbeam.transforms.base.progress import Ended
from hushbeam.transforms.report_run.drift import Rate, comparable, muted_share, rates
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import MissingFileError
from hushbeam.transforms.storage.urls import join

_SCORE_EDGES = np.linspace(0.0, 1.0, 21)
# Seconds: calls are most of an archive, so minutes are told apart better than hours.
_DURATION_EDGES = np.array([0, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, np.inf])
_ROWS_AT_ONCE = 8192
_MOST_NAMED = 5
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Histogram:
    """Counts of values between edges: `counts[i]` counts values from `edges[i]` up to `edges[i + 1]`."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class ErrorGroup:
    """Recordings that failed or were quarantined for the same reason.

    Attributes:
      message: What is wrong and what to do, without the number of a line.
      first: Ids of the first of them, or manifest and line of invalid lines. For the operator, not for the report.
      files: Sources of those that no manifest names, by id: nobody chose their ids.
    """

    status: str
    stage: str
    error_class: str
    retryable: bool
    count: int
    message: str = ""
    first: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DeliveryGroup:
    """Notifications that did not arrive for the same reason.

    Attributes:
      host: Host and port of the receiver; None without a valid URL.
      http_status: Of the last answer; None without an answer.
      is_open: Whether a later attempt may deliver them; otherwise the receiver rejected them.
      first: Ids of the first of their recordings. For the operator, not for the report.
    """

    outcome: str
    host: str | None
    http_status: int | None
    reason: str
    is_open: bool
    count: int
    first: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunFigures:
    """All figures of a report: counts, times and identities of models, but no word of a recording.

    Attributes:
      summary: The summary that CloseRun wrote.
      muted_s: Muted seconds by policy, summed over channels, most first. A second of two policies counts for both.
      muted_share: Share of the published audio, of all channels, that is muted. Each second counts once.
      scores: Scores of the findings that are still in the tables.
      durations: Seconds of the published recordings that are still in the tables.
      errors: Most frequent first.
      verification: Recordings by outcome.
      verification_counts: Sums of `control_words`, `control_words_found`, `leaks` and `repairs`.
      deliveries: Notifications by outcome.
      undelivered: Notifications that did not arrive.
      rates: Rates of this run and of comparable earlier runs.
      timings: None if no command waited for the run.
      output: The output root, for the commands that the report names.
      speeds: Times real time of comparable earlier runs, oldest first, as far as it is known.
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
    muted_share: float = 0.0
    undelivered: tuple[DeliveryGroup, ...] = ()
    output: str = ""
    speeds: tuple[float, ...] = ()

    @property
    def speed(self) -> float | None:
        """Times real time; None if no command waited for the run."""
        return speed_of(self.summary, self.timings)


def speed_of(summary: Mapping[str, Any], timings: Timings | None) -> float | None:
    """Seconds of published audio for each second of a run."""
    return summary["audio_s"] / timings.wall_s if timings and timings.wall_s else None


class _Canaries(BaseModel):
    """The result that the canary gate wrote."""

    items: int
    recall: float
    floor: float
    missed: dict[str, int]


_CANARIES = TypeAdapter(_Canaries)


def read_figures(output: str, run_id: str) -> RunFigures:
    """Reads the figures of a run. Its tables lack the rows of recordings that were erased later; its summary has them.

    Raises:
      ConfigurationError: The run is not complete, or does not exist.
    """
    summary = _summary(output, run_id)
    past = {one.summary["run_id"]: one for one in _earlier(output, run_id)}
    like = comparable(summary, [one.summary for one in past.values()])
    speeds = (speed_of(one, past[one["run_id"]].timings) for one in like)
    durations = np.zeros(len(_DURATION_EDGES) - 1, dtype=np.int64)
    for batch in _batches(output, "transcripts", run_id, ["duration_s"]):
        durations += np.histogram(batch["duration_s"].to_numpy(), _DURATION_EDGES)[0]
    scores = np.zeros(len(_SCORE_EDGES) - 1, dtype=np.int64)
    for batch in _batches(output, "findings", run_id, ["score"]):
        scores += np.histogram(batch["score"].to_numpy(), _SCORE_EDGES)[0]
    deliveries, undelivered = _deliveries(output, run_id)
    return RunFigures(
        summary,
        _most_first(summary["muted_s_by_policy"]),
        Histogram(tuple(_SCORE_EDGES), tuple(map(int, scores))),
        Histogram(tuple(_DURATION_EDGES), tuple(map(int, durations))),
        _errors(output, run_id),
        _most_first(summary["verification"]),
        summary["verification_counts"],
        deliveries,
        rates(summary, like),
        _timings(output, run_id),
        read_canaries(output, run_id),
        muted_share(summary),
        undelivered,
        output,
        tuple(speed for speed in speeds if speed is not None),
    )


def read_recordings(output: str, run_id: str) -> Iterator[Ended]:
    """The recordings of a run and how each ended, from its tables. For runs of few recordings."""
    findings: Counter[str] = Counter()
    for batch in _batches(output, "findings", run_id, ["recording_id"]):
        findings.update(batch["recording_id"].to_pylist())
    columns = ["recording_id", "duration_s", "muted_s", "verification"]
    for batch in _batches(output, "transcripts", run_id, columns):
        for row in batch.to_pylist():
            recording_id, duration_s, muted_s, verification = row.values()
            outcome, found = verification["outcome"], findings[recording_id]
            yield Ended(recording_id, "completed", outcome, duration_s, found, muted_s)
    columns = ["recording_id", "audio_url", "manifest", "line", "status", "message"]
    for batch in _batches(output, "errors", run_id, columns):
        for row in batch.to_pylist():
            yield end_of_failure(Failure(stage="", error_class="", retryable=False, **row))


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
    return str(history[-1].summary["run_id"])


def _most_first(counts: Mapping[str, Any]) -> dict[str, Any]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _errors(output: str, run_id: str) -> tuple[ErrorGroup, ...]:
    cause = ["status", "stage", "error_class", "retryable", "message"]
    # A long recording has one row for each span that failed, but counts once.
    seen: set[tuple[Any, ...]] = set()
    groups: _Groups = _Groups()
    for batch in _batches(output, "errors", run_id, ["recording_id", "audio_url", "manifest", "line", *cause]):
        for row in batch.to_pylist():
            recording_id, audio_url, manifest, line, status, stage, kind, retryable, message = row.values()
            recording = (recording_id, manifest, line, status, stage, kind, retryable)
            if stage == READING or recording not in seen:
                seen.add(recording)
                # An invalid line is corrected where it stands, whether or not it names a recording.
                is_line = line and (stage == READING or not recording_id)
                name = f"{manifest.rpartition('/')[2]}:{line}" if is_line else recording_id or ""
                file = None if manifest else audio_url
                groups.add((status, stage, kind, retryable, without_line(message)), name, file)
    return tuple(
        ErrorGroup(status, stage, kind, retryable, count, message, first, sources)
        for (status, stage, kind, retryable, message), count, first, sources in groups.most_common()
    )


def _deliveries(output: str, run_id: str) -> tuple[dict[str, int], tuple[DeliveryGroup, ...]]:
    counts: Counter[str] = Counter()
    groups: _Groups = _Groups()
    columns = ["recording_id", "outcome", "url_host", "http_status", "reason"]
    for batch in _batches(output, "notifications", run_id, columns):
        for row in batch.to_pylist():
            recording_id, outcome, *cause = row.values()
            counts[outcome] += 1
            if outcome not in (DELIVERED, NOT_REQUESTED):
                groups.add((outcome, *cause), recording_id)
    return dict(counts.most_common()), tuple(
        DeliveryGroup(outcome, host, http_status, reason, outcome != REJECTED, count, first)
        for (outcome, host, http_status, reason), count, first, _ in groups.most_common()
    )


class _Groups:
    """Counts of recordings by cause, with the first of each."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[Any, ...]] = Counter()
        self._first: dict[tuple[Any, ...], list[tuple[str, str | None]]] = {}

    def add(self, cause: tuple[Any, ...], name: str, file: str | None = None) -> None:
        self._counts[cause] += 1
        first = self._first.setdefault(cause, [])
        if len(first) < _MOST_NAMED:
            first.append((name, file))

    def most_common(self) -> Iterator[tuple[tuple[Any, ...], int, tuple[str, ...], dict[str, str]]]:
        """Causes with their count, their first names, and the files of those of which one is known."""
        for cause, count in self._counts.most_common():
            first = self._first[cause]
            yield cause, count, tuple(name for name, _ in first), {name: file for name, file in first if file}


def _batches(output: str, table: str, run_id: str, columns: list[str]) -> Iterator[pa.RecordBatch]:
    for url in run_files(output, table, run_id):
        with files.open_read(url) as stream, damage_named(url):
            yield from pq.ParquetFile(stream).iter_batches(_ROWS_AT_ONCE, columns=columns)


def _summary(output: str, run_id: str) -> dict[str, Any]:
    try:
        return checked_summary(files.read_bytes(summary_url(output, run_id)))
    except MissingFileError:
        raise ConfigurationError(f"--run_id: {_missing(output, run_id)}") from None
    except UnreadableSummaryError as error:
        raise ConfigurationError(f"--run_id: its summary is {error}") from None


def _missing(output: str, run_id: str) -> str:
    """Why a run has no summary, and which runs have one."""
    complete = [past.summary["run_id"] for past in _history(output)]
    if not complete:
        return f"{run_id} is no complete run of this output; it has none"
    latest = ", ".join(reversed(complete[-_MOST_NAMED:]))
    others = len(complete) - _MOST_NAMED
    more = f" and {others:,} older" if others > 0 else ""
    return f"{run_id} is no complete run of this output; name one of these: {latest}{more}"


def _timings(output: str, run_id: str) -> Timings | None:
    """As `read_timings`, but None for a damaged file: the page is made without it, and an audit names it."""
    with suppress(ValidationError):
        return read_timings(output, run_id)
    return None


class _Past(NamedTuple):
    """A complete run."""

    summary: dict[str, Any]
    timings: Timings | None


def _earlier(output: str, run_id: str) -> list[_Past]:
    return list(takewhile(lambda past: past.summary["run_id"] != run_id, _history(output)))


def _history(output: str) -> list[_Past]:
    """All complete runs in the order of their starts, without those whose summary is damaged."""
    runs = join(output, "runs")
    names = [path.rpartition("/") for path in files.list_names(runs)]
    complete = [run for run, _, name in names if name == "summary.json"]
    summaries = files.read_many([summary_url(output, run) for run in complete])
    timed = files.read_many([timings_url(output, run) for run, _, name in names if name == "timings.json"])
    timings: dict[str, Timings] = {}
    for url, content in timed.items():
        with suppress(ValidationError):
            timings[url] = Timings.model_validate_json(content)
    valid: list[_Past] = []
    for url, content in summaries.items():
        try:
            summary = checked_summary(content)
        except UnreadableSummaryError as error:
            _log.warning("runs/%s is ignored: %s", "/".join(url.rsplit("/", 2)[1:]), error)
        else:
            valid.append(_Past(summary, timings.get(timings_url(output, summary["run_id"]))))

    def order(past: _Past) -> tuple[str, str]:
        # Without timings, the id counts: ids that the job chooses begin with the time.
        run = past.summary["run_id"]
        return (f"{past.timings.started_at:%Y%m%dT%H%M%SZ}" if past.timings else run, run)

    return sorted(valid, key=order)
