"""What is measured of a run, under which names. `docs/metrics.md` has the same table for people.

All values are of one run, which ends with its process: gauges of the last run, which an alert can look at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hushbeam.transforms.report_run import RunFigures

_PROMETHEUS_UNITS = {"": "", "s": "_seconds", "1": "_ratio"}
_COMPLETED_STATUSES = frozenset({0, 3})


@dataclass(frozen=True)
class Metric:
    """One thing that is measured.

    Attributes:
      name: As OpenTelemetry writes it, `hushbeam.run.audio`.
      unit: `s` for seconds, `1` for a share, empty for a count.
      description: What a person reads.
      labels: What tells its values apart, beside the pipeline.
    """

    name: str
    unit: str
    description: str
    labels: tuple[str, ...] = ()

    @property
    def prometheus_name(self) -> str:
        """The name that Prometheus' own translation of OpenTelemetry gives it, `hushbeam_run_audio_seconds`."""
        return self.name.replace(".", "_") + _PROMETHEUS_UNITS[self.unit]


EXIT_STATUS = Metric("hushbeam.run.exit_status", "", "How the run ended: the exit status of the command")
DURATION = Metric("hushbeam.run.duration", "s", "From the start of the command to its end")
END = Metric("hushbeam.run.end_timestamp", "s", "When the run ended, since 1970")
LAST_SUCCESS = Metric("hushbeam.last_success_timestamp", "s", "When a run last ended with 0 or 3, since 1970")
RECORDINGS = Metric("hushbeam.run.recordings", "", "Recordings by what came of them", ("outcome",))
INCOMPLETE = Metric(
    "hushbeam.run.incomplete_recordings",
    "",
    "Recordings that were quarantined or failed, by where and why",
    ("outcome", "stage", "reason"),
)
AUDIO = Metric("hushbeam.run.audio", "s", "Sound that was published")
FINDINGS = Metric("hushbeam.run.findings", "", "Findings by policy", ("policy",))
MUTED = Metric("hushbeam.run.muted", "s", "Sound that was muted, by policy, summed over channels", ("policy",))
STAGE_TIME = Metric("hushbeam.run.stage_time", "s", "From entering a stage to leaving it, summed", ("stage",))
STAGE_PROCESSOR = Metric("hushbeam.run.stage_processor", "s", "Processor time of a stage's callers", ("stage",))
STAGE_RECORDINGS = Metric("hushbeam.run.stage_recordings", "", "Recordings that passed a stage", ("stage",))
VERIFIED = Metric(
    "hushbeam.run.verified_recordings", "", "Published recordings by what verification said", ("outcome",)
)
LEAKS = Metric("hushbeam.run.verification_leaks", "", "Values heard in a first muting, and muted in a second")
CANARY_RECALL = Metric("hushbeam.run.canary_recall", "1", "Known values that were redacted in the canary calls")
CANARY_FLOOR = Metric("hushbeam.run.canary_floor", "1", "Share of them that the run asked for")
NOTIFICATIONS = Metric("hushbeam.run.notifications", "", "Notifications by outcome", ("outcome",))
OUTSIDE_BAND = Metric("hushbeam.run.outside_band", "", "1 where a rate left the band of earlier runs", ("rate",))

METRICS = (
    *(EXIT_STATUS, DURATION, END, LAST_SUCCESS, RECORDINGS, INCOMPLETE, AUDIO, FINDINGS, MUTED),
    *(STAGE_TIME, STAGE_PROCESSOR, STAGE_RECORDINGS, VERIFIED, LEAKS, CANARY_RECALL, CANARY_FLOOR),
    *(NOTIFICATIONS, OUTSIDE_BAND),
)

PIPELINE = "pipeline"
"""The label that all values have: it tells jobs apart that share a receiver."""

Values = Mapping[tuple[str, ...], float]
"""Values of a metric by its labels' values."""


@dataclass(frozen=True)
class RunEnd:
    """How a run ended.

    Attributes:
      pipeline: The operator's name for the job.
      run_id: None where the run ended before it had one.
      figures: None where it did not complete.
      canaries: As `RunFigures.canaries`: they may be all that there is.
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
    """Whether a run did its work: recordings that did not complete have rows that say why."""
    return exit_status in _COMPLETED_STATUSES


def measure(end: RunEnd) -> dict[Metric, Values]:
    """All that is known of a run's end, in the order of `METRICS`. What is not known is left out."""
    known: dict[Metric, Values] = {
        EXIT_STATUS: {(): end.exit_status},
        DURATION: {(): end.wall_s},
        END: {(): end.ended_at.timestamp()},
    }
    if has_completed(end.exit_status):
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
        LEAKS: {(): figures.leaked_then_muted.get("leaks", 0)},
        NOTIFICATIONS: _by_one(figures.deliveries.items()),
        OUTSIDE_BAND: _by_one((rate.name.lower(), float(rate.strayed)) for rate in figures.rates),
    }
    if figures.timings is not None:
        stages = figures.timings.stages
        known[STAGE_TIME] = _by_one((stage.name, stage.elapsed_s) for stage in stages)
        known[STAGE_PROCESSOR] = _by_one((stage.name, stage.processor_s) for stage in stages)
        known[STAGE_RECORDINGS] = _by_one((stage.name, stage.recordings) for stage in stages)
    return known


def _incomplete(figures: RunFigures) -> Values:
    counts: dict[tuple[str, ...], float] = {}
    for group in figures.errors:  # a reason may be retryable for some recordings and not for others
        labels = (group.status, group.stage, group.error_class)
        counts[labels] = counts.get(labels, 0) + group.count
    return counts


def _by_one(values: Iterable[tuple[str, float]]) -> Values:
    return {(label,): value for label, value in values}
