"""All faults, by what they are about."""

from __future__ import annotations

from tests.faults import captions, lines, one_recording, places, promises, scenarios, tampering, truncation, workers

SCENARIOS: tuple[scenarios.Scenario, ...] = (
    *scenarios.SCENARIOS,
    *one_recording.SCENARIOS,
    *captions.SCENARIOS,
    *truncation.SCENARIOS,
    *places.SCENARIOS,
    *lines.SCENARIOS,
    *tampering.SCENARIOS,
    *promises.SCENARIOS,
    *workers.SCENARIOS,
)
