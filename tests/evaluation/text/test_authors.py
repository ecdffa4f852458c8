"""Measurement by author and by policy, on two authors with a tiny conversation each."""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from pathlib import Path

import pytest

from docs.grades import MeasuredRecall
from evaluation.text import authors, redacted_words
from evaluation.text.authors import DEFAULT, Alone, measure
from evaluation.text.mentions import Recall
from evaluation.text.redacted_words import (
    RedactedWords,
    Request,
    Sample,
    UnknownWordsError,
    from_lines,
    kept,
    samples,
)
from hushbeam.schemas.finding import RecogniserReport
from hushbeam.schemas.policies import CATALOGUE
from hushbeam.schemas.transcript import Transcript
from hushbeam.transforms.detect_pii.detector import Detector
from hushbeam.transforms.detect_pii.settings import DetectionSettings
from tests.own_detectors import blind_detector

ENGLISH = """# domain: taxi · channels: 2
A: Is that [[person_name|Mo Bell]]
B: Yes to [[location_city|Leeds]] at [[time|{five thirty~5.30}]]
"""
SPANISH = """# domain: taxi · channels: 1
A: Soy [[person_name|Ana]] de [[location_city|Lugo]]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for author, text in (("hazel", ENGLISH), ("lucia", SPANISH)):
        (tmp_path / author).mkdir()
        (tmp_path / author / "taxi.txt").write_text(text, encoding="utf-8")
    return tmp_path


def words(names: frozenset[str]) -> RedactedWords:
    """Redacts these words where the default policies are requested, and nothing but cities elsewhere."""

    def redacted(sample: Sample, request: Request) -> frozenset[int]:
        kept_names = names if "default" in request else names & {"Leeds", "Lugo"}
        return frozenset(n for n, word in enumerate(sample.example.transcript.words) if word.text.strip() in kept_names)

    return redacted


ALL = words(frozenset({"Mo", "Bell", "Leeds", "Lugo", "to"}))


def test_rows_are_by_author_by_language_and_of_all_in_both_forms(folder: Path) -> None:
    rows = measure(samples(folder=folder), ALL).to_json()["authors"]
    assert list(rows) == ["hazel", "lucia", "all en", "all es", "all"]
    assert rows["hazel"]["written"]["mentions"] == 2
    assert rows["hazel"]["spoken"]["over_redaction"] == round(1 / 5, 4)
    assert (rows["lucia"]["spoken"]["all_words"], rows["all"]["spoken"]["all_words"]) == (0.5, 0.75)
    assert (rows["all"]["written"]["dialogues"], rows["all"]["written"]["dialogues_without_leak"]) == (2, 0.5)


def test_one_author_can_be_measured(folder: Path) -> None:
    assert {one.author for one in measure(samples(["lucia"], folder), ALL).judged} == {"lucia"}


def test_a_policy_that_is_requested_alone_is_compared_with_the_default_ones(folder: Path) -> None:
    alone = measure(samples(folder=folder), ALL).alone
    assert alone["en", "person_name"] == Alone(Recall(1, 0, 0), Recall(1, 1, 1))
    assert alone["en", "person_name"].loss == -1.0
    assert alone["es", "location"] == Alone(Recall(1, 1, 1), Recall(1, 1, 1))  # covers cities
    assert {name for _, name in alone} == {"person_name", "location_city", "location", "time", "phi"}
    assert measure(samples(folder=folder), ALL, with_alone=False).alone == {}


def test_losses_are_shown_of_enough_mentions(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = measure(samples(folder=folder), ALL)
    assert results.losses() == []
    monkeypatch.setattr(authors, "FEWEST_ALONE", 2)
    assert [name for name, _ in results.losses()] == ["person_name", "phi", "location", "location_city"]


def test_words_that_were_kept_are_judged_as_those_of_the_detector(folder: Path) -> None:
    file = io.StringIO()
    first = measure(samples(folder=folder), kept(ALL, file))
    again = measure(samples(folder=folder), from_lines(file.getvalue().splitlines()))
    assert first.to_json() == again.to_json()
    assert json.loads(file.getvalue().splitlines()[0]) == {
        "author": "hazel",
        "name": "taxi",
        "form": "spoken",
        "policies": ["default"],
        "words": [2, 3, 5, 6],
    }


def test_a_file_that_answers_only_the_request_is_judged_without_losses(folder: Path) -> None:
    file = io.StringIO()
    measure(samples(folder=folder), kept(ALL, file), with_alone=False)
    known = from_lines(file.getvalue().splitlines())
    assert len(measure(samples(folder=folder), known, with_alone=False).judged) == 4
    with pytest.raises(UnknownWordsError, match="hazel/taxi, written: no redacted words under location"):
        measure(samples(folder=folder), known)


def test_a_conversation_that_a_file_leaves_out_is_an_error_that_names_it(folder: Path) -> None:
    with pytest.raises(UnknownWordsError, match="hazel/taxi, spoken: no redacted words under default"):
        measure(samples(folder=folder), from_lines([]))


def test_a_file_about_another_text_is_an_error(folder: Path) -> None:
    row = {"author": "hazel", "name": "taxi", "form": "spoken", "policies": ["default"], "words": [99]}
    with pytest.raises(UnknownWordsError, match="hazel/taxi, spoken: the text has no word 99"):
        measure(samples(folder=folder), from_lines([json.dumps(row)]))


def test_policies_are_graded_by_english_conversations_as_a_recogniser_writes_them(folder: Path) -> None:
    measured = measure(samples(folder=folder), ALL).grades("rules", "2026-11-29")
    assert measured.conversations == 1
    assert measured.recall.keys() == CATALOGUE.keys()
    assert measured.recall["person_name"] == MeasuredRecall(1, 1, 1, all_words_alone=0)
    assert measured.recall["location"] == MeasuredRecall(1, 1, 1, 1)
    assert measured.recall["time"] == MeasuredRecall(1, 0, 0, 0)
    assert measured.recall["password"] == MeasuredRecall(0, 0, 0, 0)
    assert json.loads(json.dumps(asdict(measured)))["recall"]["person_name"]["mentions"] == 1


def test_the_detector_reports_once_for_all_requests_about_a_conversation(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector = Detector(DetectionSettings(detector=blind_detector(tmp_path / "blind")))
    detector.load()
    runs: list[Transcript] = []
    real = detector.report

    def report(transcript: Transcript) -> tuple[RecogniserReport, ...]:
        runs.append(transcript)
        return real(transcript)

    monkeypatch.setattr(detector, "report", report)
    redacted = redacted_words.DetectorsWords(detector)
    for sample in samples(["hazel"], folder):
        assert redacted(sample, DEFAULT) == redacted(sample, ("person_name",)) == frozenset()
    assert len(runs) == 2  # forms


def test_tables_have_a_row_for_each_author_form_and_policy(folder: Path) -> None:
    results = measure(samples(folder=folder), ALL)
    assert authors.author_table(results).row_count == 10
    assert authors.policy_table(results).row_count == 2
    assert authors.alone_table(results).row_count == 0
