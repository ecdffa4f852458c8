"""Reliability of scores. Plain functions."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from evaluation.text.calls import GoldEntity, LabelledTranscript, words_of_lines
from evaluation.text.reliability import Judged, bins, calibration_error, effect, plot, table
from hushbeam.schemas.finding import Finding

(LINE,) = words_of_lines(["my number is five five one and that is it"])
CALL = LabelledTranscript("call", LINE.transcript, (GoldEntity("phone_number", (3, 4, 5)),), neutral=frozenset({9}))


def finding(score: float, first_word: int, last_word: int) -> Finding:
    return Finding("phone_number", "PHONE_NUMBER", 0, 0.0, 1.0, score, "test", first_word, last_word)


def test_a_finding_is_right_if_it_touches_an_entity_and_says_nothing_on_neutral_words() -> None:
    judged = Judged(CALL, (finding(0.9, 3, 5), finding(0.6, 0, 0), finding(0.7, 9, 9)))
    assert list(judged.outcomes()) == [(0.9, True), (0.6, False)]


def test_scores_that_are_as_often_right_as_they_say_have_no_error() -> None:
    found = bins([(0.75, True)] * 3 + [(0.75, False)] + [(1.0, True)] * 4)
    assert [part.count for part in found] == [4, 4]
    assert calibration_error(found) == pytest.approx(0.0)


def test_an_overconfident_score_is_an_error_of_its_distance() -> None:
    assert calibration_error(bins([(0.9, True), (0.9, False)])) == pytest.approx(0.4)


def test_a_minimum_score_costs_recall() -> None:
    judged = [Judged(CALL, (finding(0.6, 3, 5),))]
    assert effect(0.5, judged, []).recall_any == 1.0
    assert effect(0.7, judged, []).recall_any == 0.0


def test_the_table_holds_every_minimum_score_and_the_plot_every_bin() -> None:
    found = bins([(0.55, True), (0.75, False), (0.97, True)])
    text = table(found, [effect(0.5, [Judged(CALL, ())], [Judged(LINE, ())])] * 2)
    assert text.count("\n| 0.") == 2
    circles = ElementTree.fromstring(plot(found)).findall("{http://www.w3.org/2000/svg}circle")
    assert len(circles) == len(found)
