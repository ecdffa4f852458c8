"""Messages of commands whose terminal or pipe is gone."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import soundfile

from hushbeam.pipelines.running.command_errors import exit_status_of
from hushbeam.pipelines.running.consoles import remarks, results
from hushbeam.pipelines.running.exit_status import EXIT_BROKEN, EXIT_COMPLETED
from tests.pipelines.conftest import cut

ROOT = Path(__file__).parents[3]


def run_in_shell(command: Sequence[str], redirections: str) -> subprocess.CompletedProcess[str]:
    script = f'exec "$@" {redirections}'
    return subprocess.run(
        ["sh", "-c", script, "sh", sys.executable, "-m", *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("one")
    soundfile.write(folder / "call.flac", *cut("card-payment.mp3", 3.0, 9.0))
    (folder / "manifest.jsonl").write_text('{"audio_url": "call.flac", "recording_id": "call"}\n')
    return folder / "manifest.jsonl"


@pytest.mark.parametrize("redirections", [pytest.param("2>/dev/full", marks=pytest.mark.long), "0<&- 1>&- 2>&-"])
def test_a_run_goes_on_where_nobody_takes_its_words(redirections: str, manifest: Path, tmp_path: Path) -> None:
    command = ["hushbeam.pipelines.redact", "--model", "tiny.en", "--verify", "off", "--manifest", str(manifest)]
    ended = run_in_shell([*command, "--output", str(tmp_path)], redirections)
    assert ended.returncode == 0
    assert list(tmp_path.glob("status/*.json"))
    assert list(tmp_path.glob("runs/*/summary.json"))


@pytest.mark.parametrize("command", [["hushbeam", "--help"], ["hushbeam", "doctor", "--json"]])
def test_what_cannot_be_written_is_told_and_no_success(command: list[str]) -> None:
    ended = run_in_shell(command, ">/dev/full")
    assert ended.returncode == EXIT_BROKEN
    assert "cannot be written to standard output" in " ".join(ended.stderr.split())
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "command",
    [["--help"], ["redact", "--help"], pytest.param(["doctor", "--json"], marks=pytest.mark.long)],
    ids=" ".join,
)
def test_a_pipe_whose_reader_has_ended_ends_the_command_without_a_word(command: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "hushbeam", *command],
            cwd=ROOT,
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            timeout=240,
            check=False,
        )
    finally:
        os.close(writer)
    assert ended.stderr == ""
    assert ended.returncode in (EXIT_COMPLETED, EXIT_BROKEN)


def test_a_schema_that_nobody_reads_is_no_traceback() -> None:
    ended = run_in_shell(["hushbeam.pipelines.report", "--print_config_schema"], ">/dev/full")
    assert (ended.returncode, ended.stderr) == (EXIT_BROKEN, "")


def test_a_terminal_without_a_character_gets_its_escape(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", terminal)
    results().print("call-\udcff, 2\u00d7")
    assert terminal.buffer.getvalue() == b"call-\\udcff, 2\\xd7\n"


def test_a_result_that_cannot_be_written_breaks_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with open(os.open("/dev/full", os.O_WRONLY), "w") as full:  # noqa: PTH123
        monkeypatch.setattr(sys, "stdout", full)
        console = results()

        def telling() -> int:
            console.print("wrong: nothing")
            return 0

        assert exit_status_of(telling, console) == EXIT_BROKEN
        monkeypatch.setattr(sys, "stderr", full)
        remarks().print("nobody takes it")
        os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())
    assert "Traceback" not in capsys.readouterr().err


def test_ctrl_c_ends_every_command_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    assert exit_status_of(interrupted, remarks()) == 130
    assert "Stopped" in capsys.readouterr().err
