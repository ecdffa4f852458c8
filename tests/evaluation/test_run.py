"""The sets that `make evaluate` measures, and its final table: functions."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from evaluation import run
from evaluation.text.authors import Judged, Results
from evaluation.text.mentions import Counts, OtherWords, Recall


def sets(people: Path) -> tuple[list[str], list[str]]:
    said = io.StringIO()
    found = run.all_sets(people, Console(file=said))
    return [folder.name for folder in found], said.getvalue().splitlines()


def test_sets_of_people_are_measured_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "human").mkdir()
    (tmp_path / "human" / "truth.jsonl").touch()
    found, said = sets(tmp_path)
    assert found == [*run.SETS, *run.SETS_OF_LANGUAGES, "human"]
    assert len(said) == len(run.SETS_OF_PEOPLE) - 1
    assert said[0].startswith("people: skipped")


def test_blind_calls_are_not_measured_unless_they_are_named(tmp_path: Path) -> None:
    found, said = sets(tmp_path)
    assert found == ["dev", "telephone", "holdout", "practice", *run.SETS_OF_LANGUAGES]
    assert len(said) == len(run.SETS_OF_PEOPLE)


def test_the_final_table_has_a_row_for_each_set_and_form() -> None:
    scores = {
        "entities": 63,
        "covered_0.9": 0.9841,
        "text_leaks": 1,
        "over_redaction": 0.0214,
        "false_alarms_per_hour": 84.1,
        "files": 12,
    }
    counts = Counts({"person_name": Recall(4, 3, 2)}, 1, 0, OtherWords(100, 2, 1))
    text = Results(("default",), [Judged("hazel", "en", "spoken", counts), Judged("hazel", "en", "written", Counts())])
    table = run.markdown([*run.call_rows({"dev": scores}), *run.text_rows(text)])
    assert table.splitlines() == [
        "| set | entities | covered_0.9 | text leaks | over-redaction | false alarms an hour |",
        "| --- | --- | --- | --- | --- | --- |",
        "| dev | 63 | 0.984 | 1 | 0.021 | 84.1 |",
        "| conversations, spoken | 4 |  | 2 | 0.020 |  |",
        "| conversations, written | 0 |  | 0 |  |  |",
    ]
