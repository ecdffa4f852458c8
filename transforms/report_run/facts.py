"""Facts of a run's report as JSON, `runs/RUN_ID/report.json`: counts, times and names of policies and models, no id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from hushbeam.transforms.report_run.figures import RunFigures
from hushbeam.transforms.report_run.verdict import doubts, needs, verdict


@dataclass(frozen=True)
class Cost:
    """What a run costs on one type of worker.

    Attributes:
      worker: The operator's name of the type.
      audio_hours: Hours of audio that one worker redacts in an hour.
      worker_hours: Hours of work for the audio that the run published.
      cost: In the operator's currency; None without a price.
    """

    worker: str
    audio_hours: float
    worker_hours: float
    cost: float | None


@dataclass(frozen=True)
class PolicyRow:
    """What was redacted under one policy.

    Attributes:
      policy: Its name; "all" for the sum, in which a second that two policies mute counts once.
      findings: Their number.
      muted_s: Muted seconds, summed over channels.
      share: Of the published audio of all channels.
    """

    policy: str
    findings: int
    muted_s: float
    share: float


def policy_rows(figures: RunFigures) -> tuple[PolicyRow, ...]:
    """All policies with findings or muted audio, the most findings first."""
    findings, muted_s = figures.summary["findings"], figures.muted_s
    channel_s = figures.summary["channel_s"]
    names = sorted({*findings, *muted_s}, key=lambda name: (-findings.get(name, 0), -muted_s.get(name, 0.0), name))
    return tuple(
        PolicyRow(
            name,
            findings.get(name, 0),
            muted_s.get(name, 0.0),
            muted_s.get(name, 0.0) / channel_s if channel_s else 0.0,
        )
        for name in names
    )


def all_policies(figures: RunFigures) -> PolicyRow:
    """The sum of all policies."""
    findings = sum(figures.summary["findings"].values())
    return PolicyRow("all", findings, figures.summary["muted_s"], figures.muted_share)


def facts(figures: RunFigures, costs: Sequence[Cost] = ()) -> dict[str, Any]:
    """What the report says, for programs: the summary of the run, and what it adds to that."""
    timings = figures.timings
    return figures.summary | {
        "verdict": verdict(figures),
        "needs": [asdict(need) for need in needs(figures)],
        "worth_listening": [asdict(doubt) for doubt in doubts(figures)],
        "muted_share": round(figures.muted_share, 4),
        "rates": [asdict(rate) | {"is_unexpected": rate.is_unexpected} for rate in figures.rates],
        "started_at": timings.started_at.isoformat() if timings else None,
        "wall_s": round(timings.wall_s, 1) if timings else None,
        "times_real_time": None if figures.speed is None else round(figures.speed, 2),
        "earlier_times_real_time": [round(speed, 2) for speed in figures.speeds],
        "stages": [stage.model_dump(exclude={"processor_s"}) for stage in timings.stages] if timings else [],
        "canaries": figures.canaries,
        "costs": [asdict(cost) for cost in costs],
    }
