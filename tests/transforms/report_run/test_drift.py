"""Whether a run is told from those before it when it should be, and only then."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hushbeam.transforms.report_run.drift import band, rates


def summary(
    findings: int, *, quarantined: int = 0, audio_s: float = 3600.0, configuration: str = "a"
) -> dict[str, Any]:
    return {
        "recordings": {"completed": 100, "skipped": 0, "quarantined": quarantined, "failed": 0},
        "findings": {"person_name": findings},
        "audio_s": audio_s,
        "identities": {"configuration": configuration},
    }


def strayed(run: dict[str, Any], earlier: list[dict[str, Any]]) -> set[str]:
    return {rate.name for rate in rates(run, earlier) if rate.strayed}


def test_a_night_with_half_the_findings_of_the_nights_before_strays() -> None:
    assert strayed(summary(100), [summary(n) for n in (195, 205, 200, 210, 190)]) == {"Findings"}


def test_a_night_like_the_others_does_not_stray() -> None:
    assert strayed(summary(185), [summary(n) for n in (195, 205, 200, 210, 190)]) == set()


def test_quarantines_where_there_were_none_stray() -> None:
    assert strayed(summary(200, quarantined=5), [summary(200)] * 5) == {"Quarantined"}


def test_four_nights_are_too_few_to_judge_by() -> None:
    assert strayed(summary(1), [summary(200)] * 4) == set()


def test_nights_of_another_configuration_do_not_count() -> None:
    assert strayed(summary(1), [summary(200, configuration="b")] * 9) == set()


def test_a_run_of_some_minutes_is_not_judged() -> None:
    assert strayed(summary(0, audio_s=300.0), [summary(200)] * 9) == set()


def test_a_run_without_sound_has_no_findings_an_hour() -> None:
    assert rates(summary(0, audio_s=0.0), [])[0].value == 0.0


@given(st.lists(st.floats(0, 1e6), min_size=5, max_size=20))
def test_a_band_holds_the_middle_of_what_it_was_made_of(values: list[float]) -> None:
    low, high = band(values, 1.0)
    assert 0 <= low <= sorted(values)[len(values) // 2] <= high
