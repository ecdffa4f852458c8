"""The table of conditions: functions."""

from __future__ import annotations

from typing import Any

from evaluation.lines.table import missed_aims, ratios_to_clean, table


def summary(
    covered: float, whole: float, over: float, entities: int = 100, other_s: float = 200.0, **more: Any
) -> dict[str, Any]:
    figures = {"covered_0.9": covered, "covered_1.0": whole, "over_redaction": over, "text_leaks": 1, "missing": 0}
    return figures | {"entities": entities, "other_s": other_s} | more


def test_each_condition_is_compared_with_clean_calls() -> None:
    by_condition = {
        "clean": summary(1.0, 0.9, 0.02),
        "gsm": summary(0.95, 0.92, 0.024),
        "opus_8k": summary(0.6, 0.6, 0.04),
        "room": summary(0.4, 0.4, 0.01),
    }
    assert table({"telephone": by_condition}).splitlines()[2:] == [
        "| as it is | 1.000 | 0.900 | 0 | 1 | 0.020 | 1.00 | 0.90 | 1.00 |  |",
        "| GSM full rate | 0.950 | 0.920 | 0 | 1 | 0.024 | 0.95 | 0.97 | 1.20 | met |",
        "| Opus 8 kb/s | 0.600 | 0.600 | 0 | 1 | 0.040 | 0.60 | 1.00 | 2.00 | missed: covered, over-redaction |",
        "| reverberation, 0.5 s | 0.400 | 0.400 | 0 | 1 | 0.010 | 0.40 | 1.00 | 0.50 |  |",
    ]


def test_sets_are_counted_together_by_their_size() -> None:
    by_set = {
        "dev": {"clean": summary(1.0, 1.0, 0.01, entities=50, other_s=300.0), "gsm": summary(0.5, 0.5, 0.02)},
        "telephone": {"clean": summary(0.5, 0.4, 0.05, entities=150, other_s=100.0)},
    }
    # What is measured in one set only has to wait for the other.
    assert table(by_set).splitlines()[2:] == ["| as it is | 0.625 | 0.550 | 0 | 2 | 0.020 | 1.00 | 0.88 | 1.00 |  |"]


def test_leaks_of_a_second_recogniser_are_shown_where_there_was_one() -> None:
    second: dict[str, Any] = {"heard_leaks": 3, "heard_non_pii": 0.71}
    head, _, row = table({"dev": {"clean": summary(1.0, 1.0, 0.02, **second)}}).splitlines()
    assert head.endswith("| transcribed leaks | other words transcribed | aims |")
    assert row.endswith("| 3 | 0.71 |  |")


def test_a_ratio_that_cannot_be_computed_misses_its_aim() -> None:
    ratios = ratios_to_clean(summary(0.0, 0.0, 0.0), summary(0.9, 0.9, 0.0))
    assert ratios == {"of_clean": 0.0, "whole": None, "over_clean": None}
    assert missed_aims(ratios) == ["covered", "whole", "over-redaction"]
    assert missed_aims({"of_clean": 0.95, "whole": 0.95, "over_clean": 1.3}) == []
