"""Calibration of scores. Plain functions."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.transforms.detect_pii.calibration import UNCALIBRATED, fitted, packaged

SCORES = st.floats(0.0, 1.0)


@given(st.lists(st.tuples(SCORES, st.booleans()), max_size=300), SCORES, SCORES)
def test_a_surer_finding_never_gets_a_lower_score(outcomes: list[tuple[float, bool]], one: float, other: float) -> None:
    calibration = fitted(outcomes)
    low, high = sorted((one, other))
    assert 0.0 <= calibration.of(low) <= calibration.of(high) + 1e-9 <= 1.0 + 1e-8


def test_the_fit_gives_back_how_often_findings_are_right() -> None:
    source = random.Random(0)
    outcomes = [(score, source.random() < score**2) for score in (source.random() for _ in range(20_000))]
    calibration = fitted(outcomes)
    for score in (0.2, 0.5, 0.8):
        assert calibration.of(score) == pytest.approx(score**2, abs=0.05)


@given(SCORES)
def test_without_calibration_scores_stay(score: float) -> None:
    assert UNCALIBRATED.of(score) == pytest.approx(score)


def test_the_packaged_calibration_rises_from_0_to_1() -> None:
    points = packaged().points
    assert points[0] == (0.0, 0.0)
    assert points[-1] == (1.0, 1.0)
    assert all(one < other for one, other in itertools.pairwise(points))
