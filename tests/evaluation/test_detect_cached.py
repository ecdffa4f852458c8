"""Scoring of findings against labelled words, without audio."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from evaluation.detect_cached import Padding, judge, summarise
from evaluation.truth import LabelledRecording, SpokenEntity, SpokenWord
from hushbeam.schemas.finding import Finding

NO_PADDING = Padding(0.0, 0.0)
SENTENCE = "my number is five five one two four okay and thanks for waiting today"


@pytest.fixture
def recording() -> LabelledRecording:
    """One word a second; words 3 to 7 are a number."""
    words = tuple(SpokenWord(word, 0, float(place), place + 0.8) for place, word in enumerate(SENTENCE.split()))
    number = SpokenEntity("phone_number", "55124", "five five one two four", 0, 3.0, 7.8)
    return LabelledRecording("call", Path("call.wav"), 14.0, 1, (number,), (), words, ("phone_number",))


def finding(first_word: int, last_word: int) -> Finding:
    return Finding(
        "phone_number", "PHONE_NUMBER", 0, float(first_word), last_word + 0.8, 1.0, "test", first_word, last_word
    )


def test_a_finding_over_all_words_covers_the_entity(recording: LabelledRecording) -> None:
    outcome = judge(recording, recording.perfect_transcript(), [finding(3, 7)], NO_PADDING)
    assert outcome.entities[0].covered == pytest.approx(1.0)
    assert outcome.entities[0].found_as == {"phone_number"}
    assert not outcome.entities[0].readable
    assert outcome.other_covered_s == 0
    assert outcome.false_alarms == ()


def test_half_a_number_is_not_covered_and_can_be_read(recording: LabelledRecording) -> None:
    outcome = judge(recording, recording.perfect_transcript(), [finding(7, 7)], NO_PADDING)
    assert outcome.entities[0].covered == pytest.approx(0.2)
    assert outcome.entities[0].readable


def test_padding_covers_words_beside_a_finding(recording: LabelledRecording) -> None:
    outcome = judge(recording, recording.perfect_transcript(), [finding(4, 6)], Padding(1.2, 1.2))
    assert outcome.entities[0].covered == pytest.approx(1.0)


def test_a_finding_far_from_any_entity_is_a_false_alarm(recording: LabelledRecording) -> None:
    outcome = judge(recording, recording.perfect_transcript(), [finding(3, 7), finding(12, 13)], NO_PADDING)
    assert [alarm.said for alarm in outcome.false_alarms] == ["waiting today"]
    assert outcome.other_covered_s == pytest.approx(1.6)
    assert summarise([outcome])["false_alarms_per_hour"] == pytest.approx(257.1)


def test_a_neutral_span_counts_neither_way(recording: LabelledRecording) -> None:
    neutral = replace(recording, neutral=(SpokenEntity("date", "today", "today", 0, 13.0, 13.8),))
    outcome = judge(neutral, neutral.perfect_transcript(), [finding(3, 7), finding(12, 13)], NO_PADDING)
    assert outcome.false_alarms == ()
    assert outcome.other_covered_s == 0


def test_the_summary_counts_by_policy(recording: LabelledRecording) -> None:
    found = judge(recording, recording.perfect_transcript(), [finding(3, 7)], NO_PADDING)
    missed = judge(recording, recording.perfect_transcript(), [], NO_PADDING)
    summary = summarise([found, missed])
    assert summary["covered_0.9"] == 0.5
    assert summary["zero_leak_files"] == 0.5
    assert summary["by_policy"]["phone_number"] == {
        "n": 2,
        "covered_0.9": 0.5,
        "touched": 0.5,
        "same_policy": 0.5,
        "text_leaks": 1,
    }
