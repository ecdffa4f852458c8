"""`hushbeam`: one name for all jobs."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path

import pytest

from hushbeam.pipelines.command_line import COMMANDS, main

ROOT = Path(__file__).parents[2]


def test_every_command_is_a_job_with_a_run_function() -> None:
    assert {"redact", "audit", "doctor"} <= set(COMMANDS)
    for name in COMMANDS:
        assert callable(importlib.import_module(f"hushbeam.pipelines.{name}").run)


def test_every_job_is_a_command() -> None:
    assert {path.stem for path in ROOT.glob("pipelines/*.py") if "\ndef run(" in path.read_text()} == set(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: hushbeam {name}")


def test_the_overview_names_all_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert re.findall(r"^  ([a-z]+)  ", shown, re.MULTILINE) == list(COMMANDS)
    assert re.findall(r"^([a-z ]+):$", shown, re.MULTILINE) == ["redact and check", "operate an archive"]


@pytest.mark.parametrize(
    ("given", "message"), [([], "COMMAND"), (["redat"], "did you mean redact"), (["--manifest"], "no")]
)
def test_no_or_a_wrong_command_is_refused(given: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(given) == 2
    assert message in capsys.readouterr().err


def test_a_command_gives_its_job_the_options_and_its_exit_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "--output", str(tmp_path / "nothing")]) == 2
    assert "--output" in capsys.readouterr().out


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_of_a_command_is_explained_in_a_sentence_of_its_own(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """JSON Schema and editors show one option at a time."""
    with pytest.raises(SystemExit) as ended:
        main([name, "--print_config_schema"])
    assert ended.value.code == 0
    schema = json.loads(capsys.readouterr().out)
    options = [
        (flag, option)
        for group in (schema, *schema.get("$defs", {}).values())
        for flag, option in group["properties"].items()
        if "$ref" not in option
    ]
    flags = [flag for flag, _ in options]
    assert len(flags) == len(set(flags))
    for flag, option in options:
        text = option["description"]
        assert len(text.split()) > 2, flag
        assert not text.startswith(("and ", "of ", "as ", "those ")), flag
    assert all(group["description"] for group in schema.get("$defs", {}).values())
