"""The rules file, alone and in a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hushbeam.pipelines.options.rules import Rules, read_rules
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED
from hushbeam.schemas.errors import ConfigurationError
from tests.pipelines.conftest import Run


def write(path: Path, content: object) -> str:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


def test_without_a_file_there_are_no_rules() -> None:
    assert read_rules(None) == Rules()


def test_presets_and_aliases_stand_for_their_policies(tmp_path: Path) -> None:
    rules = read_rules(write(tmp_path / "rules.json", {"substitutions": {"location": "mask"}}))
    assert rules.substitutions["location_city"] == "mask"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not valid JSON"),
        ([], "rules.json: expected an object$"),
        ({"pattern": {}}, ": pattern: unknown key; expected patterns, allow_list, substitutions$"),
        ({"patterns": {"TICKET": "INC"}}, ": patterns.TICKET: expected a list$"),
        ({"patterns": {"TICKET": [1]}}, ": patterns.TICKET.0: expected text$"),
        ({"patterns": []}, ": patterns: expected an object$"),
        ({"allow_list": "Harbor Credit Union"}, ": allow_list: expected a list$"),
        ({"pattern": {}, "allow_list": "Harbor"}, ": allow_list: expected a list; pattern: unknown key; "),
        ({"patterns": {"X": ["("]}}, "X"),
        ({"substitutions": {"person_nam": "mask"}}, "person_name"),
        ({"substitutions": {"person_name": "stars"}}, ": substitutions.person_name: expected '"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as error:
        read_rules(write(tmp_path / "rules.json", content))
    assert "--rules" in str(error.value)


def test_a_file_that_is_not_there_is_the_operators_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--rules"):
        read_rules(str(tmp_path / "rules.json"))


def test_a_run_follows_them(redact: Callable[..., Run], tmp_path: Path) -> None:
    rules = write(
        tmp_path / "rules.json",
        {"patterns": {"COURTESY": [r"\blong (?:number|card)"]}, "substitutions": {"credit_card_number": "mask"}},
    )
    run = redact({"recording_id": "card", "audio_url": "card.flac"}, options=("--rules", rules))
    assert run.status == EXIT_COMPLETED, run.terminal
    (row,) = run.rows("transcripts")
    assert "****" in row["text"]
    assert "long number" not in row["text"].lower()
    assert {"COURTESY", "CREDIT_CARD_NUMBER"} <= {finding["label"] for finding in run.rows("findings")}
