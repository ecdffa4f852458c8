"""Metrics of a run: names, units, descriptions and values. `docs/metrics.md` has the same table.

All are gauges of the last run, because a run ends with its process. An alert can query them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hushbeam.transforms.report_run import RunFigures

_PROMETHEUS_UNITS = {"": "", "s": "_seconds", "1": "_ratio"}
_SUCCEEDED = 0
_COMPLETED_STATUSES = frozenset({_SUCCEEDED, 3})


@dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes:
      name: The OpenTelemetry name, `hushbeam.run.audio`.
      unit: `s` for seconds, `1` for a share, empty for a count.
      description: Shown to people.
      labels: Names of its labels, besides `pipeline`.
    """

    name: str
    unit: str
    description: str
    labels: tuple[str, ...] = ()

    @property
    def prometheus_name(self) -> str:
        """The name that Prometheus' own translation of OpenTelemetry gives it, `hushbeam_run_audio_seconds`."""
        return self.name.replace(".", "_") + _PROMETHEUS_UNITS[self.unit]


EXIT_STATUS = Metric("hushbeam.run.exit_status", "", "Exit status of the command")
DURATION = Metric("hushbeam.run.duration", "s", "Time from the start of the command to its end")
END = Metric("hushbeam.run.end_timestamp", "s", "Unix time of the end of the run")
LAST_SUCCESS = Metric("hushbeam.last_success_timestamp", "s", "Unix time of the last run that ended with 0")
RECORDINGS = Metric("hushbeam.run.recordings", "", "Recordings by outcome", ("outcome",))
INCOMPLETE = Metric(
    "hushbeam.run.incomplete_recordings",
    "",
    "Quarantined and failed recordings by stage and reason",
    ("outcome", "stage", "reason"),
)
AUDIO = Metric("hushbeam.run.audio", "s", "Published audio")
FINDINGS = Metric("hushbeam.run.findings", "", "Findings by policy", ("policy",))
MUTED = Metric("hushbeam.run.muted", "s", "Muted audio by policy, summed over channels", ("policy",))
STAGE_TIME = Metric("hushbeam.run.stage_time", "s", "Time that recordings spent in a stage, summed", ("stage",))
STAGE_PROCESSOR_TIME = Metric(
    "hushbeam.run.stage_processor_time", "s", "Processor time of the threads that called a stage, summed", ("stage",)
)
STAGE_RECORDINGS = Metric("hushbeam.run.stage_recordings", "", "Recordings that passed a stage", ("stage",))
VERIFIED = Metric(
    "hushbeam.run.verified_recordings", "", "Published recordings by outcome of the verification", ("outcome",)
)
LEAKS = Metric(
    "hushbeam.run.verification_leaks", "", "Values still recognised after the first muting, and muted in a second pass"
)
CANARY_RECALL = Metric("hushbeam.run.canary_recall", "1", "Share of known values redacted in the canary calls")
CANARY_FLOOR = Metric("hushbeam.run.canary_floor", "1", "Share of known values that the run requires")
NOTIFICATIONS = Metric("hushbeam.run.notifications", "", "Notifications by outcome", ("outcome",))
OUTSIDE_EXPECTED_RANGE = Metric(
    "hushbeam.run.outside_expected_range", "", "1 if a rate is outside the range expected from earlier runs", ("rate",)
)

METRICS = (
    *(EXIT_STATUS, DURATION, END, LAST_SUCCESS, RECORDINGS, INCOMPLETE, AUDIO, FINDINGS, MUTED),
    *(STAGE_TIME, STAGE_PROCESSOR_TIME, STAGE_RECORDINGS, VERIFIED, LEAKS, CANARY_RECALL, CANARY_FLOOR),
    *(NOTIFICATIONS, OUTSIDE_EXPECTED_RANGE),
)

PIPELINE = "pipeline"
"""Label of all values: it distinguishes jobs that share a receiver."""

Values = Mapping[tuple[str, ...], float]
"""Values of a metric by the values of its labels."""


@dataclass(frozen=True)
class RunEnd:
    """The end of a run.

    Attributes:
      pipeline: The operator's name for the job.
      run_id: None if the run ended before it had one.
      figures: None if the run did not complete.
      canaries: As `RunFigures.canaries`; a run that did not complete may have only these.
    """

    pipeline: str
    run_id: str | None
    started_at: datetime
    wall_s: float
    exit_status: int
    figures: RunFigures | None = None
    canaries: Mapping[str, Any] | None = None

    @property
    def ended_at(self) -> datetime:
        """In UTC."""
        return (self.started_at + timedelta(seconds=self.wall_s)).astimezone(UTC)


def has_completed(exit_status: int) -> bool:
    """Whether a run came to its end: failed and quarantined recordings have rows in `errors/`, others are public."""
    return exit_status in _COMPLETED_STATUSES


def measure(end: RunEnd) -> dict[Metric, Values]:
    """The known values of a run, in the order of `METRICS`."""
    known: dict[Metric, Values] = {
        EXIT_STATUS: {(): end.exit_status},
        DURATION: {(): end.wall_s},
        END: {(): end.ended_at.timestamp()},
    }
    if end.exit_status == _SUCCEEDED:
        known[LAST_SUCCESS] = known[END]
    if end.figures is not None:
        known |= _of_figures(end.figures)
    if end.canaries is not None:
        known |= {CANARY_RECALL: {(): end.canaries["recall"]}, CANARY_FLOOR: {(): end.canaries["floor"]}}
    return {metric: known[metric] for metric in METRICS if metric in known}


def _of_figures(figures: RunFigures) -> dict[Metric, Values]:
    summary = figures.summary
    known: dict[Metric, Values] = {
        RECORDINGS: _by_one(summary["recordings"].items()),
        INCOMPLETE: _incomplete(figures),
        AUDIO: {(): summary["audio_s"]},
        FINDINGS: _by_one(summary["findings"].items()),
        MUTED: _by_one(figures.muted_s.items()),
        VERIFIED: _by_one(figures.verification.items()),
        LEAKS: {(): figures.verification_counts.get("leaks", 0)},
        NOTIFICATIONS: _by_one(figures.deliveries.items()),
        OUTSIDE_EXPECTED_RANGE: _by_one((rate.name.lower(), float(rate.is_unexpected)) for rate in figures.rates),
    }
    if figures.timings is not None:
        stages = figures.timings.stages
        known[STAGE_TIME] = _by_one((stage.name, stage.elapsed_s) for stage in stages)
        known[STAGE_PROCESSOR_TIME] = _by_one((stage.name, stage.processor_s) for stage in stages)
        known[STAGE_RECORDINGS] = _by_one((stage.name, stage.recordings) for stage in stages)
    return known


def _incomplete(figures: RunFigures) -> Values:
    counts: dict[tuple[str, ...], float] = {}
    for group in figures.errors:  # one reason may have two groups, retryable and not
        labels = (group.status, group.stage, group.error_class)
        counts[labels] = counts.get(labels, 0) + group.count
    return counts


def _by_one(values: Iterable[tuple[str, float]]) -> Values:
    return {(label,): value for label, value in values}
