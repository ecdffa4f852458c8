"""The quick ones of the faults; `make faults` does all of them."""

from __future__ import annotations

import pytest

from tests.faults.every import SCENARIOS
from tests.faults.scenarios import Night, Scenario, make_night


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    return make_night(tmp_path_factory.mktemp("night"))


@pytest.mark.parametrize(
    "scenario", [each for each in SCENARIOS if each.quick], ids=lambda scenario: scenario.name.replace(" ", "-")
)
def test_it_is_survived(scenario: Scenario, night: Night) -> None:
    assert scenario.check(night)
