"""Findings from kept reports equal those of detection, with the real models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.truth import read_truth
from hushbeam.schemas.finding import RecogniserReport
from hushbeam.schemas.policies import CATALOGUE, resolve_policies
from hushbeam.transforms.detect_pii.detector import DetectionRequest, Detector
from hushbeam.transforms.detect_pii.numbers import repetitions
from hushbeam.transforms.detect_pii.numbers.quantities import Quantity
from hushbeam.transforms.detect_pii.numbers.runs import Group, find_groups
from hushbeam.transforms.detect_pii.settings import DetectionSettings
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from tests.few_examples import few

CALLS = read_truth(Path(__file__).parents[3] / "evaluation" / "dev")[:4]
TRANSCRIPTS = [call.perfect_transcript() for call in CALLS]


@pytest.fixture(scope="module")
def reports(detector: Detector) -> list[tuple[RecogniserReport, ...]]:
    return [detector.report(transcript) for transcript in TRANSCRIPTS]


@pytest.fixture(scope="module")
def selecting() -> Detector:
    detector = Detector(DetectionSettings())
    detector.load_without_models()
    return detector


@few(12)
@given(call=st.integers(0, len(CALLS) - 1), asked=st.sets(st.sampled_from(sorted(CATALOGUE)), min_size=1, max_size=6))
def test_selecting_finds_what_detecting_finds(
    detector: Detector,
    selecting: Detector,
    reports: list[tuple[RecogniserReport, ...]],
    call: int,
    asked: set[str],
) -> None:
    policies = resolve_policies(asked)
    terms = {"GREETING": ("hello", "good morning")}
    request = DetectionRequest(TRANSCRIPTS[call], policies, terms)
    assert selecting.select(request, reports[call]) == detector.detect(request).findings


def test_detecting_with_reports_finds_the_same(detector: Detector, reports: list[tuple[RecogniserReport, ...]]) -> None:
    for call, transcript, expected in zip(CALLS, TRANSCRIPTS, reports, strict=True):
        request = DetectionRequest(transcript, call.policies)
        found, reported = detector.detect(request, keep_reports=True)
        assert found == detector.detect(request).findings
        assert reported == expected
        assert found


def test_groups_of_digits_are_looked_for_once_to_find_all_repetitions(
    detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[Conversation] = []

    def noted(conversation: Conversation, quantities: Sequence[Quantity]) -> list[Group]:
        searched.append(conversation)
        return find_groups(conversation, quantities)

    monkeypatch.setattr(repetitions, "find_groups", noted)
    detector.detect(DetectionRequest(TRANSCRIPTS[0], CALLS[0].policies))
    assert len(searched) == 1
