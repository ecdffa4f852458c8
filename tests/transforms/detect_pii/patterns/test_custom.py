"""Patterns of the rules file: one recogniser."""

from __future__ import annotations

import pytest

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.detect_pii.patterns.custom import CustomPatterns, CustomPatternTimeoutError
from hushbeam.transforms.detect_pii.settings import DetectionSettings
from tests.transforms.detect_pii.conversations import Said, Spans


def loaded(settings: DetectionSettings) -> CustomPatterns:
    patterns = CustomPatterns(settings)
    patterns.load()
    return patterns


def test_a_pattern_is_searched_as_written_and_as_it_would_be_typed(said: Said, spans: Spans) -> None:
    patterns = loaded(DetectionSettings(patterns={"badge": (r"\bB\d{4}\b",)}))
    conversation = said("My badge is B 4 4 1 7 or B9920")
    found = list(patterns.recognise(conversation))
    assert [words for _, words in spans(conversation, found)] == ["B 4 4 1 7", "B9920"]
    assert {(one.policy, one.label) for one in found} == {("custom", "BADGE")}


def test_a_pattern_may_belong_to_a_policy_of_the_catalogue(said: Said) -> None:
    patterns = loaded(DetectionSettings(patterns={"account_number": (r"falcon",)}))
    (candidate,) = patterns.recognise(said("the falcon"))
    assert (candidate.policy, candidate.label) == ("account_number", "")


def test_a_pattern_that_is_none_ends_the_job() -> None:
    with pytest.raises(ConfigurationError, match="patterns"):
        loaded(DetectionSettings(patterns={"badge": ("(",)}))


def test_a_pattern_that_takes_too_long_fails_the_recording(said: Said) -> None:
    patterns = loaded(DetectionSettings(patterns={"slow": (r"(a|a)+$",)}, pattern_timeout_s=0.05))
    with pytest.raises(CustomPatternTimeoutError, match="pattern_timeout_s"):
        list(patterns.recognise(said("a" * 60 + "!")))
