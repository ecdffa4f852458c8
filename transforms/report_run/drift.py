"""Whether a run is like those before it: a change of models or sources that nobody announced shows in its rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

_FEWEST_RUNS = 5
_MOST_RUNS = 20
_LEAST_AUDIO_S = 600.0
# A normal distribution's standard deviation in median absolute deviations.
_DEVIATIONS = 1.4826
_BAND_WIDTH = 3.0
_LEAST_RELATIVE = 0.2
_LEAST_SHARE = 0.01


@dataclass(frozen=True)
class Rate:
    """One figure of a run beside the same figure of earlier runs.

    Attributes:
      name: What a person reads.
      unit: Behind the number.
      value: Of this run.
      earlier: Of the runs before, oldest first.
      low, high: The band in which it was expected; None where too few runs are comparable.
    """

    name: str
    unit: str
    value: float
    earlier: tuple[float, ...]
    low: float | None
    high: float | None

    @property
    def strayed(self) -> bool:
        """Whether it left its band."""
        return self.low is not None and self.high is not None and not self.low <= self.value <= self.high

    def described(self) -> str:
        """For a person who has no page at hand: `Findings 23.5 an hour, expected 70.0 to 110.0`."""
        expected = f", expected {self.low:.1f} to {self.high:.1f}" if self.low is not None else ""
        return f"{self.name} {self.value:.1f} {self.unit}{expected}"


def rates(summary: Mapping[str, Any], earlier: Sequence[Mapping[str, Any]]) -> tuple[Rate, ...]:
    """Findings per hour of sound, and the share of recordings that did not complete, of a run and of those before.

    Only runs with ten minutes of sound or more count, and only of the same configuration, models included: others are
    expected to differ.

    Args:
      summary: As in `runs/RUN_ID/summary.json`.
      earlier: The same of earlier runs of this output, oldest first.
    """
    configuration = summary["identities"].get("configuration")
    comparable = [
        past
        for past in earlier
        if past["identities"].get("configuration") == configuration and past["audio_s"] >= _LEAST_AUDIO_S
    ][-_MOST_RUNS:]
    enough = summary["audio_s"] >= _LEAST_AUDIO_S
    return (
        _rate("Findings", "an hour", _per_hour(summary), [_per_hour(past) for past in comparable], enough),
        _rate("Quarantined", "%", _quarantined(summary), [_quarantined(past) for past in comparable], enough),
        _rate("Failed", "%", _failed(summary), [_failed(past) for past in comparable], enough),
    )


def band(values: Sequence[float], least: float) -> tuple[float, float]:
    """Where the next value is expected: the median ± 3 robust standard deviations, at least ± 20 % and ± `least`."""
    middle = median(values)
    spread = _DEVIATIONS * median(abs(value - middle) for value in values)
    half = max(_BAND_WIDTH * spread, _LEAST_RELATIVE * middle, least)
    return max(0.0, middle - half), middle + half


def _rate(name: str, unit: str, value: float, earlier: Sequence[float], enough: bool) -> Rate:
    low, high = None, None
    if enough and len(earlier) >= _FEWEST_RUNS:
        low, high = band(earlier, 100 * _LEAST_SHARE if unit == "%" else 1.0)
    return Rate(name, unit, value, tuple(earlier), low, high)


def _per_hour(summary: Mapping[str, Any]) -> float:
    return 3600 * sum(summary["findings"].values()) / summary["audio_s"] if summary["audio_s"] else 0.0


def _quarantined(summary: Mapping[str, Any]) -> float:
    return _share(summary["recordings"], "quarantined")


def _failed(summary: Mapping[str, Any]) -> float:
    return _share(summary["recordings"], "failed")


def _share(recordings: Mapping[str, int], outcome: str) -> float:
    worked_on = sum(recordings[name] for name in ("completed", "quarantined", "failed"))
    return 100 * recordings[outcome] / worked_on if worked_on else 0.0
