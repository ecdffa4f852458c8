"""Budgets and rate limits of receivers. Plain functions."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hushbeam.transforms.notify.limits import Budget, Pace


def test_a_budget_is_kept_by_host_and_in_total() -> None:
    budget = Budget(per_host_s=10, total_s=15)
    budget.spend("a", 10)
    assert not budget.allows("a", 0)
    assert budget.allows("b", 7)
    assert not budget.allows("b", 8), "the share of one of two hosts"


def test_a_host_that_is_closed_costs_the_others_nothing() -> None:
    budget = Budget(per_host_s=10, total_s=15)
    budget.close("a")
    assert not budget.allows("a", 0)
    assert budget.allows("b", 9)


@given(st.lists(st.floats(0.1, 50), max_size=60))
def test_hosts_that_fail_leave_the_others_their_share(costs: list[float]) -> None:
    budget = Budget(per_host_s=600, total_s=100)
    for number, seconds in enumerate(costs):
        if budget.allows(f"bad-{number}", seconds):
            budget.spend(f"bad-{number}", seconds)
    assert budget.allows("good", 0), "it is tried"
    assert budget.allows("good", 100 / (len(costs) + 1) - 0.1), "and tried again"


@given(st.lists(st.floats(0, 10), min_size=1, max_size=30), st.floats(0.1, 100))
def test_turns_of_a_host_are_never_closer_than_the_rate(gaps: list[float], per_second: float) -> None:
    clock = [0.0]
    pace = Pace(per_second, lambda: clock[0])
    turns = []
    for gap in gaps:
        clock[0] += gap
        turns.append(clock[0] + pace.turn("host"))
    assert all(later - earlier >= 1 / per_second - 1e-6 for earlier, later in pairwise(turns))


def test_a_hold_moves_the_turns_of_its_host_alone() -> None:
    pace = Pace(1.0, lambda: 100.0)
    pace.hold("a", 7)
    assert (pace.held_s("a"), pace.held_s("b")) == (7, 0)
    assert (pace.turn("a"), pace.turn("a"), pace.turn("b")) == (7, 8, 0)
