"""Cost of the audio that a run published, on the types of workers that `--worker_types` names."""

from __future__ import annotations

from collections.abc import Sequence

from hushbeam.pipelines.options.worker_types import WorkerType, worker_type
from hushbeam.transforms.report_run import Cost, RunFigures

_HOUR_S = 3600
_SMALLEST = 0.01


def costs_of(figures: RunFigures, worker_types: Sequence[str]) -> tuple[Cost, ...]:
    """What the published audio costs on each type of worker, as `hushbeam plan` estimates it."""
    audio_hours = figures.summary["audio_s"] / _HOUR_S
    return tuple(_cost(worker_type(given), audio_hours) for given in worker_types)


def cost(kind: WorkerType, worker_hours: float) -> float | None:
    """What these hours cost, in the operator's currency; None if no price was given."""
    return None if kind.price is None else round(worker_hours * kind.price, 6)


def cost_told(amount: float | None) -> str:
    """A cost in words for users."""
    if amount is None:
        return "no price given"
    return f"under {_SMALLEST}" if 0 < amount < _SMALLEST else f"{amount:,.2f}"


def hours_told(hours: float) -> str:
    """A time in words for users: `1.5 hours`, `12.0 minutes`."""
    if hours >= 1:
        return f"{hours:,.1f} hours"
    return f"{hours * 60:.1f} minutes" if hours >= 1 / 60 else "under 1 minute"


def told(each: Cost) -> str:
    """A cost as one line of a run's summary."""
    return f"{cost_told(each.cost)} ({each.worker}, {hours_told(each.worker_hours)} of worker time)"


def _cost(kind: WorkerType, audio_hours: float) -> Cost:
    worker_hours = audio_hours / kind.audio_hours
    return Cost(kind.name, kind.audio_hours, round(worker_hours, 6), cost(kind, worker_hours))
