"""Counts over written conversations, on tiny ones: functions."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from evaluation.text.mentions import Counts, OtherWords, Recall, count
from hushbeam.schemas.policies import resolve_policies
from training.conversations import read_conversation
from training.examples import PLAIN, Example, example

DEFAULT = resolve_policies(["default"])
CALL = """# domain: taxi · channels: 2
A: Hello is that [[person_name:caller.full|Mo Bell]] again
B: Yes on [[?date|Monday]] to [[location_city|Leeds]] for [[money_amount|twelve pounds]]
"""
# Numbers of the words: hello 0, is 1, that 2, Mo 3, Bell 4, again 5, yes 6, on 7, Monday 8, to 9, Leeds 10, for 11,
# twelve 12, pounds 13.
INNOCENT = """# domain: weather · channels: 1
A: Will it rain on [[date|Friday]] then
"""


def conversation(text: str, folder: Path) -> Example:
    path = folder / "ann" / "call.txt"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return example(read_conversation(path, "spoken"), PLAIN, Random(0))


@pytest.fixture
def call(tmp_path: Path) -> Example:
    return conversation(CALL, tmp_path)


def test_a_mention_counts_as_found_in_part_and_as_found_wholly(call: Example) -> None:
    assert count(call, {3, 10}, DEFAULT).by_policy == {
        "person_name": Recall(mentions=1, any_word=1, all_words=0),
        "location_city": Recall(1, 1, 1),
    }
    assert count(call, {3, 4}, DEFAULT).recall == Recall(2, 1, 1)
    assert count(call, set(), DEFAULT).recall == Recall(2, 0, 0)


def test_optional_marks_and_policies_that_are_not_requested_count_neither_way(call: Example) -> None:
    counts = count(call, {8, 12, 13}, DEFAULT)
    assert counts.recall == Recall(2, 0, 0)
    assert counts.other == OtherWords(words=8, redacted=0, alarms=0)


def test_over_redaction_counts_words_and_alarms_count_runs_that_touch_no_mark(call: Example) -> None:
    assert count(call, {2, 3, 4}, DEFAULT).other == OtherWords(8, redacted=1, alarms=0)
    assert count(call, {0, 1, 7}, DEFAULT).other == OtherWords(8, redacted=3, alarms=2)


def test_a_run_ends_with_its_turn(call: Example) -> None:
    assert count(call, {5, 6}, DEFAULT).other == OtherWords(8, redacted=2, alarms=2)


def test_a_dialogue_has_no_leak_if_all_words_of_all_mentions_are_redacted(call: Example) -> None:
    assert (count(call, {3, 4, 10}, DEFAULT).dialogues, count(call, {3, 4, 10}, DEFAULT).without_leak) == (1, 1)
    assert count(call, {3, 10}, DEFAULT).without_leak == 0


def test_conversations_without_personal_data_of_the_default_policies_are_counted_apart_too(tmp_path: Path) -> None:
    counts = count(conversation(INNOCENT, tmp_path), {0}, DEFAULT)
    assert counts.other == counts.innocent == OtherWords(5, 1, 1)
    assert (counts.dialogues, counts.without_leak) == (0, 0)
    assert count(conversation(INNOCENT, tmp_path), {0}, ["date"]).recall == Recall(1, 0, 0)


def test_counts_of_several_conversations_add_up(call: Example, tmp_path: Path) -> None:
    both = count(call, {3, 4, 10}, DEFAULT) + count(conversation(INNOCENT, tmp_path), {0}, DEFAULT)
    assert both.figures() == {
        "mentions": 2,
        "any_word": 1.0,
        "all_words": 1.0,
        "over_redaction": round(1 / 13, 4),
        "alarms_per_1000_words": round(1000 / 13, 1),
        "dialogues": 1,
        "dialogues_without_leak": 1.0,
        "innocent_over_redaction": 0.2,
        "innocent_alarms_per_1000_words": 200.0,
    }


def test_figures_of_nothing_are_empty() -> None:
    assert set(Counts().figures().values()) == {0, None}
