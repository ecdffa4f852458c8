"""A whole run as a person sees it, in a terminal of its own: phases, a bar that moves, results, and Ctrl-C."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.pipelines.conftest import FAST, cut

ROOT = Path(__file__).parents[3]
_LOADS_SLOWLY = """
import time
from hushbeam.transforms.detect_pii.models.conversation_model import ConversationModel
load = ConversationModel.load
def slowly(self):
    time.sleep(1)  # the display looks four times a second at what takes a while
    load(self)
ConversationModel.load = slowly
from hushbeam.__main__ import entry
entry()
"""
SHOW_CURSOR, HIDE_CURSOR = "\x1b[?25h", "\x1b[?25l"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A manifest with a recording of two minutes, one that is missing, and a receiver that may not be called."""
    folder = tmp_path_factory.mktemp("terminal")
    card, rate = cut("card-payment.mp3", 0.0, 36.0)
    soundfile.write(folder / "long.flac", np.concatenate([card] * 4), rate)
    lines = [
        {"audio_url": str(folder / "long.flac"), "recording_id": "long", "webhook_url": "https://127.0.0.1:9/hook?a=b"},
        {"audio_url": str(folder / "gone.wav"), "recording_id": "gone"},
    ]
    (folder / "calls.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


class Terminal:
    """A command in a terminal of its own.

    Args:
      program: What Python runs.
    """

    def __init__(
        self, arguments: Sequence[str], columns: int, program: Sequence[str] = ("-m", "hushbeam"), **variables: str
    ) -> None:
        self._own, theirs = pty.openpty()
        self.command = subprocess.Popen(
            [sys.executable, *program, *arguments],
            cwd=ROOT,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=os.environ | {"TERM": "xterm", "COLUMNS": str(columns), **variables},
            start_new_session=True,
        )
        os.close(theirs)
        self.shown = ""

    def until(self, wanted: Callable[[str], bool], seconds: float = 240.0) -> str:
        """Reads until what was shown is as wanted, or the command has ended."""
        end = time.monotonic() + seconds
        while not wanted(self.shown) and time.monotonic() < end:
            if select.select([self._own], [], [], 1.0)[0]:
                try:
                    self.shown += os.read(self._own, 65536).decode("utf-8", "replace")
                except OSError:  # the command has ended
                    break
        return self.shown


def redact(folder: Path, output: str) -> list[str]:
    return ["redact", "--manifest", str(folder / "calls.jsonl"), "--output", str(folder / output), *FAST]


def plain(shown: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown).replace("\r", "\n")


def test_a_person_sees_phases_a_bar_results_and_what_did_not_arrive(folder: Path) -> None:
    terminal = Terminal(redact(folder, "seen"), columns=80, program=("-c", _LOADS_SLOWLY))
    shown = terminal.until(lambda _: False)
    assert terminal.command.wait(60) == 3
    said = plain(shown)
    for phase in ("Checking options and models", "Loading models", "Transcribing", "Writing tables and report"):
        assert phase in said, phase
    moved = {int(minutes) * 60 + int(seconds) for minutes, seconds in re.findall(r"(\d+):(\d\d) of 2:24 of", said)}
    assert len(moved - {0, 144}) >= 2, f"the bar moves within the only recording: {moved}"
    assert re.search(r"completed   long +2:24, \d+ findings, [\d.]+ s muted, not verified", said)
    assert re.search(r"failed      gone +the file to read does not exist", said)
    assert "1 completed, 1 failed" in said
    assert "Notifications that did not arrive:" in said
    assert "1 x not sent to 127.0.0.1:9" in said
    assert "?a=b" not in said
    assert shown.rindex(SHOW_CURSOR) > shown.rindex(HIDE_CURSOR)


def test_ctrl_c_leaves_a_clean_terminal(folder: Path) -> None:
    terminal = Terminal(redact(folder, "stopped"), columns=40, NO_COLOR="1")
    assert "Transcribing" in terminal.until(lambda shown: "Transcribing" in shown)
    terminal.command.send_signal(signal.SIGINT)
    shown = terminal.until(lambda _: False)
    assert terminal.command.wait(60) == 130
    assert shown.rindex(SHOW_CURSOR) > shown.rindex(HIDE_CURSOR)
    said = plain(shown)
    assert "Stopped by SIGINT" in said
    assert "Transcribing" not in said[said.rindex("Stopped by SIGINT") :], "nothing is drawn after the message"
    assert shown.endswith("\n")
    assert not re.search(r"\x1b\[(?:1;)?3\d", shown), "no colours with NO_COLOR"


def test_a_log_gets_lines_that_are_not_wrapped_and_json_stands_alone(folder: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "hushbeam", *redact(folder, "logged"), "--json"],
        cwd=ROOT,
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii", "COLUMNS": "40"},
        timeout=300,
        check=False,
    )
    assert ended.returncode == 3
    result = json.loads(ended.stdout)
    assert {name: result[name] for name in ("output", "exit_status")} == {
        "output": str(folder / "logged"),
        "exit_status": 3,
    }
    assert result["recordings"] == {"completed": 1, "failed": 1, "quarantined": 0, "skipped": 0}
    (failure,) = result["failures"]
    assert (failure["first"], failure["count"]) == (["gone"], 1)
    (undelivered,) = result["undelivered"]
    assert (undelivered["outcome"], undelivered["host"]) == ("refused_address", "127.0.0.1:9")
    assert Path(result["report"]).is_file()
    assert 0 < result["wall_s"] < 300
    log = ended.stderr.decode("ascii")
    assert "\x1b" not in log
    assert re.search(r"^\d\d:\d\d:\d\d transcribing: ", log, re.MULTILINE)
    assert re.search(r"^completed   long .* muted, not verified$", log, re.MULTILINE)
    summary = json.loads((Path(result["report"]).parent / "summary.json").read_text())
    assert summary["notifications"] == {"refused_address": 1}
    assert [(one["message"], one["count"]) for one in summary["failures"]] == [(failure["message"], 1)]
    assert "gone" not in json.dumps(summary), "a summary holds no ids: they can be erased"
