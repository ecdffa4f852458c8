"""`hushbeam`: one name for all jobs."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
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
    shown = capsys.readouterr().out
    assert shown.startswith(f"Usage: hushbeam {name} ")
    assert shown.count("\nExamples:\n") <= 1
    assert not re.search(r"\n\n(?!hushbeam )[a-z]", shown), "a paragraph begins in mid-sentence"


@pytest.mark.parametrize(
    ("name", "inputs"), [("redact", "INPUT…"), ("plan", "INPUT…"), ("doctor", "[INPUT…]"), ("notify", "[INPUT…]")]
)
def test_help_tells_whether_inputs_may_be_left_out(name: str, inputs: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([name, "--help"])
    assert capsys.readouterr().out.split()[3] == inputs


def test_the_overview_names_all_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert re.findall(r"^  ([a-z]+)  ", shown, re.MULTILINE) == list(COMMANDS)
    assert re.findall(r"^([A-Za-z ]+):$", shown, re.MULTILINE) == ["Redact and check", "Operate an archive", "Other"]


@pytest.mark.parametrize(
    ("given", "message"), [([], "COMMAND"), (["redat"], "did you mean redact"), (["--manifest"], "no")]
)
def test_no_or_a_wrong_command_is_refused(given: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(given) == 2
    assert message in capsys.readouterr().err


HEAVY = (
    "apache_beam",
    "av",
    "ctranslate2",
    "faster_whisper",
    "fsspec",
    "grpc",
    "numpy",
    "onnxruntime",
    "pyarrow",
    "google.cloud.storage",
)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--help"], 0),
        (["--version"], 0),
        (["redat"], 2),
        *(([name, "--help"], 0) for name in COMMANDS),
        (["redact", "--modle", "base"], 2),
        (["redact", "--model"], 2),
        (["redact"], 2),
        (["redact", "call.wav", "--policies", "person_nmae"], 2),
        (["redact", "call.wav", "--longest_minutes", "0", "--polcies", "pci"], 2),
        (["report", "--output", ""], 2),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else str(given),
)
def test_help_and_a_wrong_option_come_without_beam_and_models(arguments: list[str], status: int) -> None:
    """Importing them takes seconds. Beam is asked only about options of its own."""
    program = (
        "import sys\nfrom hushbeam.pipelines.command_line import main\n"
        "try:\n    status = main(sys.argv[1:])\nexcept SystemExit as ended:\n    status = ended.code\n"
        f"print([name for name in {HEAVY} if name in sys.modules], status, file=sys.stderr)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    assert ended.stderr.splitlines()[-1] == f"[] {status}"


def test_a_shell_completes_commands_options_choices_and_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["--install-completion", "--shell", "bash"]) == 0
    (script,) = tmp_path.rglob("completions/hushbeam")
    (tmp_path / "recordings").mkdir()
    complete = (
        f'source {script}; COMP_WORDS=(hushbeam "$@"); COMP_CWORD=$#; '
        '_hushbeam hushbeam "${COMP_WORDS[-1]}"; echo "${COMPREPLY[@]}"'
    )

    def completed(*words: str) -> list[str]:
        shell = subprocess.run(
            ["bash", "-c", complete, "bash", *words], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return sorted(shell.stdout.split())

    assert completed("re") == ["redact", "report", "rerender", "review"]
    assert completed("redact", "--mu") == ["--multichannel", "--muting"]
    assert completed("redact", "--muting", "") == ["noise", "silence", "tone"]
    assert completed("redact", "rec") == ["recordings"]


def test_an_unknown_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--install-completion", "--shell", "tcsh"]) == 2
    assert capsys.readouterr().err.startswith("error: --install-completion: this shell is unknown; give --shell bash,")


def test_help_is_also_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["help", "audit"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("Usage: hushbeam audit ")


def test_a_command_gives_its_job_the_options_and_its_exit_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "--output", str(tmp_path / "nothing")]) == 2
    assert "--output" in capsys.readouterr().out


_STOPPED_WHILE_IT_LOADS = """
import os, signal, sys

class Stopping:
    def find_spec(self, name, path=None, target=None):
        if name == "cyclopts":
            os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Stopping())
from hushbeam.__main__ import entry
entry()
"""


def test_a_command_that_is_stopped_while_it_loads_ends_without_a_traceback() -> None:
    done = subprocess.run([sys.executable, "-c", _STOPPED_WHILE_IT_LOADS], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


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
