"""Comparison of a run with earlier runs. Plain functions."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hushbeam.transforms.report_run.drift import comparable, expected_range, rates


def summary(
    findings: int,
    *,
    quarantined: int = 0,
    audio_s: float = 3600.0,
    configuration: str = "a",
    muted: float = 0.1,
) -> dict[str, Any]:
    return {
        "recordings": {"completed": 100, "skipped": 0, "quarantined": quarantined, "failed": 0},
        "findings": {"person_name": findings},
        "audio_s": audio_s,
        "channel_s": 2 * audio_s,
        "muted_s": 2 * muted * audio_s,
        "identities": {"configuration_id": configuration},
    }


def unexpected(run: dict[str, Any], earlier: list[dict[str, Any]]) -> set[str]:
    return {rate.name for rate in rates(run, comparable(run, earlier)) if rate.is_unexpected}


def test_half_the_findings_of_earlier_runs_is_unexpected() -> None:
    assert unexpected(summary(100), [summary(n) for n in (195, 205, 200, 210, 190)]) == {"Findings"}


def test_a_run_like_the_earlier_ones_is_expected() -> None:
    assert unexpected(summary(185), [summary(n) for n in (195, 205, 200, 210, 190)]) == set()


def test_quarantines_where_there_were_none_are_unexpected() -> None:
    assert unexpected(summary(200, quarantined=5), [summary(200)] * 5) == {"Quarantined"}


def test_twice_the_muted_audio_is_unexpected() -> None:
    assert unexpected(summary(200, muted=0.2), [summary(200)] * 5) == {"Muted"}


def test_four_runs_are_too_few_to_compare_with() -> None:
    assert unexpected(summary(1), [summary(200)] * 4) == set()


def test_runs_of_another_configuration_do_not_count() -> None:
    assert unexpected(summary(1), [summary(200, configuration="b")] * 9) == set()


def test_a_run_of_some_minutes_is_not_compared() -> None:
    assert unexpected(summary(0, audio_s=300.0), [summary(200)] * 9) == set()


def test_a_run_without_audio_has_no_findings_an_hour() -> None:
    assert rates(summary(0, audio_s=0.0), [])[0].value == 0.0


@given(st.lists(st.floats(0, 1e6), min_size=5, max_size=20))
def test_an_expected_range_contains_the_median(values: list[float]) -> None:
    low, high = expected_range(values, 1.0)
    assert 0 <= low <= sorted(values)[len(values) // 2] <= high
