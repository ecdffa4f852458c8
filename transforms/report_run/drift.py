"""Comparison of a run's rates with earlier runs: unannounced changes of models or sources change these rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

FEWEST_RUNS = 5
_MOST_RUNS = 20
_LEAST_AUDIO_S = 600.0
# A normal distribution's standard deviation in median absolute deviations.
_DEVIATIONS = 1.4826
_RANGE_DEVIATIONS = 3.0
_LEAST_RELATIVE = 0.2
_LEAST_SHARE = 0.01


@dataclass(frozen=True)
class Rate:
    """One rate of a run and of earlier runs.

    Attributes:
      name: Shown to people.
      unit: Shown after the number.
      value: The rate of this run.
      earlier: The rates of earlier runs, oldest first.
      low, high: The expected range; None if too few runs are comparable.
    """

    name: str
    unit: str
    value: float
    earlier: tuple[float, ...]
    low: float | None
    high: float | None

    @property
    def is_unexpected(self) -> bool:
        """Whether the value is outside its expected range."""
        return self.low is not None and self.high is not None and not self.low <= self.value <= self.high

    def described(self) -> str:
        """One line for the terminal: `Findings 23.5 an hour, expected 70.0 to 110.0`."""
        expected = f", expected {self.low:.1f} to {self.high:.1f}" if self.low is not None else ""
        return f"{self.name} {self.value:.1f} {self.unit}{expected}"


def comparable(summary: Mapping[str, Any], earlier: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The last 20 earlier runs with at least ten minutes of audio and the same configuration and models.

    Other runs are expected to differ.

    Args:
      summary: The content of `runs/RUN_ID/summary.json`.
      earlier: The summaries of earlier runs of this output, oldest first.
    """
    configuration = summary["identities"].get("configuration_id")
    return [
        past
        for past in earlier
        if past["identities"].get("configuration_id") == configuration and past["audio_s"] >= _LEAST_AUDIO_S
    ][-_MOST_RUNS:]


def rates(summary: Mapping[str, Any], earlier: Sequence[Mapping[str, Any]]) -> tuple[Rate, ...]:
    """Findings per hour of audio, and shares of muted audio and of quarantined and failed recordings.

    Args:
      earlier: Comparable runs, oldest first.
    """
    enough = summary["audio_s"] >= _LEAST_AUDIO_S
    return tuple(
        _rate(name, unit, measure(summary), [measure(past) for past in earlier], enough)
        for name, unit, measure in (
            ("Findings", "an hour", _per_hour),
            ("Muted", "%", _muted),
            ("Quarantined", "%", _quarantined),
            ("Failed", "%", _failed),
        )
    )


def expected_range(values: Sequence[float], least: float) -> tuple[float, float]:
    """Range of the next value: the median ± 3 robust standard deviations, at least ± 20 % and ± `least`."""
    middle = median(values)
    spread = _DEVIATIONS * median(abs(value - middle) for value in values)
    half = max(_RANGE_DEVIATIONS * spread, _LEAST_RELATIVE * middle, least)
    return max(0.0, middle - half), middle + half


def _rate(name: str, unit: str, value: float, earlier: Sequence[float], enough: bool) -> Rate:
    low, high = None, None
    if enough and len(earlier) >= FEWEST_RUNS:
        low, high = expected_range(earlier, 100 * _LEAST_SHARE if unit == "%" else 1.0)
    return Rate(name, unit, value, tuple(earlier), low, high)


def _per_hour(summary: Mapping[str, Any]) -> float:
    return 3600 * sum(summary["findings"].values()) / summary["audio_s"] if summary["audio_s"] else 0.0


def _muted(summary: Mapping[str, Any]) -> float:
    return 100 * muted_share(summary)


def muted_share(summary: Mapping[str, Any]) -> float:
    """Share of the audio of all channels that is muted. A second that two policies mute counts once."""
    muted_s, channel_s = summary["muted_s"], summary["channel_s"]
    return float(muted_s / channel_s) if channel_s else 0.0


def _quarantined(summary: Mapping[str, Any]) -> float:
    return _share(summary["recordings"], "quarantined")


def _failed(summary: Mapping[str, Any]) -> float:
    return _share(summary["recordings"], "failed")


def _share(recordings: Mapping[str, int], outcome: str) -> float:
    worked_on = sum(recordings[name] for name in ("completed", "quarantined", "failed"))
    return 100 * recordings[outcome] / worked_on if worked_on else 0.0
