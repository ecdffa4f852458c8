"""Reliability of scores. Plain functions."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest

from evaluation.text.mentions import count
from evaluation.text.reliability import bins, calibration_error, outcomes, plot, table
from hushbeam.schemas.finding import Finding
from hushbeam.schemas.transcript import Transcript, Utterance, Word
from training.conversations import Mark
from training.examples import Example, Mention

TEXTS = ("my", "number", "is", "5", "5", "1", "okay", "sir")
WORDS = tuple(Word(f" {text}", 0.3 * place, 0.3 * place + 0.2, 0.9, 0) for place, text in enumerate(TEXTS))
CALL = Example(
    "someone",
    "call",
    Transcript("en", 1.0, 9.0, 1, (Utterance(0, WORDS),)),
    (Mention(Mark("phone_number"), (3, 4, 5)), Mention(Mark("person_name", optional=True), (7,))),
)


def finding(score: float, first_word: int, last_word: int) -> Finding:
    return Finding("phone_number", "PHONE_NUMBER", 0, 0.0, 1.0, score, "test", first_word, last_word)


def test_a_finding_is_right_if_it_touches_a_mention_and_says_nothing_on_optional_words() -> None:
    found = (finding(0.9, 3, 5), finding(0.6, 0, 0), finding(0.7, 7, 7))
    assert list(outcomes(CALL, found)) == [(0.9, True), (0.6, False)]


def test_scores_that_are_as_often_right_as_they_say_have_no_error() -> None:
    found = bins([(0.75, True)] * 3 + [(0.75, False)] + [(1.0, True)] * 4)
    assert [part.count for part in found] == [4, 4]
    assert calibration_error(found) == pytest.approx(0.0)


def test_an_overconfident_score_is_an_error_of_its_distance() -> None:
    assert calibration_error(bins([(0.9, True), (0.9, False)])) == pytest.approx(0.4)


def test_the_table_holds_every_caution_and_the_plot_every_bin() -> None:
    found = bins([(0.55, True), (0.75, False), (0.97, True)])
    counts = count(CALL, {3, 4, 5}, {"phone_number"}) + count(replace(CALL, mentions=()), set(), {"phone_number"})
    text = table(found, [("low", counts), ("high", counts)], "2026-11-29")
    assert "| `low` | 1.000 | 1.000 | 0.0000 | 0.0000 |" in text
    circles = ElementTree.fromstring(plot(found)).findall("{http://www.w3.org/2000/svg}circle")
    assert len(circles) == len(found)
