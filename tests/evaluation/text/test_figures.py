"""Figures of detection on text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.text.__main__ import regressions
from evaluation.text.figures import Tally, f2
from evaluation.text.negative import words_of_lines
from hushbeam.schemas.finding import Finding
from training.generated.calls import GoldEntity, LabelledTranscript

(LINE,) = words_of_lines(["my number is five five one and I live in Leeds"])
CALL = LabelledTranscript(
    "call",
    LINE.transcript,
    (GoldEntity("phone_number", (3, 4, 5)), GoldEntity("location", (10,))),
    neutral=frozenset({0}),
)


def finding(policy: str, first_word: int, last_word: int) -> Finding:
    return Finding(policy, policy.upper(), 0, 0.0, 1.0, 1.0, "test", first_word, last_word)


def figures(*findings: Finding) -> dict[str, Any]:
    tally = Tally()
    tally.add(CALL, findings)
    return tally.figures()


def test_everything_found_is_a_recall_and_precision_of_one() -> None:
    result = figures(finding("phone_number", 3, 5), finding("location_city", 10, 10))
    assert (result["recall_any"], result["recall_full"], result["precision"], result["f2"]) == (1.0, 1.0, 1.0, 1.0)
    assert result["over_redacted_words"] == 0.0
    assert result["character_f2"] == 1.0


def test_a_part_of_a_policy_is_counted_under_the_labelled_one() -> None:
    result = figures(finding("location_city", 10, 10))
    assert set(result["by_policy"]) == {"phone_number", "location"}
    assert result["by_policy"]["location"]["precision"] == 1.0


def test_a_part_of_an_entity_is_touched_and_not_covered() -> None:
    result = figures(finding("phone_number", 3, 4))
    assert result["by_policy"]["phone_number"]["recall_any"] == 1.0
    assert result["by_policy"]["phone_number"]["recall_full"] == 0.0
    assert result["recall_any"] == 0.5


def test_a_finding_on_negative_words_costs_precision_and_words() -> None:
    result = figures(finding("phone_number", 3, 5), finding("phone_number", 7, 7))
    assert result["by_policy"]["phone_number"]["precision"] == 0.5
    assert result["over_redacted_words"] == pytest.approx(1 / 6, abs=1e-4)


def test_neutral_words_count_neither_way() -> None:
    assert figures(finding("person_name", 0, 0))["by_policy"].get("person_name", {}).get("precision") is None
    assert figures(finding("person_name", 0, 0))["over_redacted_words"] == 0.0


@given(st.floats(0.01, 1), st.floats(0.01, 1))
def test_f2_lies_between_precision_and_recall_and_weighs_recall_more(precision: float, recall: float) -> None:
    value = f2(precision, recall)
    assert value is not None
    assert min(precision, recall) - 1e-4 <= value <= max(precision, recall) + 1e-4
    harmonic_mean = 2 * precision * recall / (precision + recall)
    assert (value - harmonic_mean) * (recall - precision) >= -1e-4


def baseline_of(recall: float, over: float, n: int = 100) -> dict[str, Any]:
    row = {"recall_any": recall, "recall_full": recall}
    return {"train": {"entities": n, **row, "over_redacted_words": over, "by_policy": {"url": {"n": n, **row}}}}


def test_a_fall_of_recall_is_a_regression() -> None:
    assert regressions(baseline_of(0.90, 0.0), baseline_of(0.95, 0.0))
    assert not regressions(baseline_of(0.94, 0.0), baseline_of(0.95, 0.0))
    assert not regressions(baseline_of(0.99, 0.0), baseline_of(0.95, 0.0))


def test_more_over_redaction_is_a_regression() -> None:
    assert regressions(baseline_of(0.95, 0.01), baseline_of(0.95, 0.0))
    assert not regressions(baseline_of(0.95, 0.001), baseline_of(0.95, 0.0))


def test_few_entities_are_not_compared() -> None:
    assert not regressions(baseline_of(0.5, 0.0, n=5), baseline_of(0.95, 0.0, n=5))
