"""Innocent lines and written sentences."""

from __future__ import annotations

import json
from pathlib import Path

from evaluation.text import TEMPLATES, sentences
from evaluation.text.negative import negative_lines, words_of_lines


def test_negative_lines_are_filled_and_differ() -> None:
    lines = negative_lines(TEMPLATES / "negative.txt", 1000, seed=1)
    assert len(lines) == 1000
    assert len(set(lines)) > 700
    assert not any(character in line for line in lines for character in "{}|")
    assert lines == negative_lines(TEMPLATES / "negative.txt", 1000, seed=1)


def test_generated_sentences_hold_values_of_every_type() -> None:
    generated = sentences.generate(TEMPLATES / "presidio.txt", 1500, seed=1)
    assert len(generated) == 1500
    found = {entity.policy for sentence in generated for entity in sentence.entities}
    assert found == set(sentences.POLICY_OF_TYPE.values())
    assert not any("{{" in word.text for sentence in generated for word in sentence.transcript.words)


def test_a_data_set_of_presidio_research_is_read_by_characters(tmp_path: Path) -> None:
    path = tmp_path / "dataset.json"
    span = {"entity_type": "GPE", "entity_value": "New Ulm", "start_position": 10, "end_position": 17}
    path.write_text(
        json.dumps(
            [
                {
                    "full_text": "We live in\nNew Ulm, you know",
                    "spans": [span | {"start_position": 11, "end_position": 18}],
                }
            ]
        ),
        encoding="utf-8",
    )
    (sentence,) = sentences.read_dataset(path)
    words = sentence.transcript.words
    assert [(e.policy, [words[n].text for n in e.words]) for e in sentence.entities] == [
        ("location", [" New", " Ulm,"])
    ]


def test_lines_become_transcripts_without_entities() -> None:
    (line,) = words_of_lines(["We open at nine."])
    assert "".join(word.text for word in line.transcript.words) == " We open at nine."
    assert line.entities == ()
