"""Several jobs are started for one output at the same time: those that wait lose no row and publish nothing twice."""

from __future__ import annotations

import importlib
import io
import json
import os
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest
from rich.console import Console

from hushbeam.pipelines import audit, clean, erase, expire, notify, redact, rerender
from hushbeam.pipelines.options.arguments import leaves
from hushbeam.pipelines.running import locked as locking
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_LOCKED
from hushbeam.pipelines.running.locked import locked
from hushbeam.transforms.archive.run_lock import RunLock, RunLockedError
from tests.pipelines.conftest import FAST, Run, calls

__all__ = ["calls"]

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "_LOOK_EVERY_S", 0.1)


@pytest.mark.parametrize(
    "names",
    [("card.flac", "phone.wav"), pytest.param(("card.flac", "phone.wav", "transfer.flac"), marks=pytest.mark.long)],
    ids=["two", "three"],
)
def test_jobs_for_one_output_wait_for_each_other_and_publish_each_recording_once(
    calls: Path, tmp_path: Path, names: tuple[str, ...]
) -> None:
    shared = {"recording_id": "shared", "audio_url": str(calls / "transfer.flac")}
    jobs = []
    for name in names:
        own = {"recording_id": name, "audio_url": str(calls / name)}
        manifest = tmp_path / f"{name}.jsonl"
        manifest.write_text(json.dumps(own) + "\n" + json.dumps(shared) + "\n")
        command = [sys.executable, "-m", "hushbeam", "redact", str(manifest), "--output", str(tmp_path / "out"), *FAST]
        jobs.append(
            subprocess.Popen(
                [*command, "--wait_for_lock", "10m", "--json"],
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    ended = [job.communicate(timeout=500) for job in jobs]
    assert [job.returncode for job in jobs] == [EXIT_COMPLETED] * len(names), ended
    counts = [json.loads(result)["recordings"] for result, _ in ended]
    assert sum(each["completed"] for each in counts) == len(names) + 1, "the shared one was redacted by one job only"
    assert sum(each["skipped"] for each in counts) == len(names) - 1
    run = Run(0, "", tmp_path / "out")
    rows = sorted(row["recording_id"] for row in run.rows("transcripts"))
    assert rows == sorted(run.statuses()) == sorted((*names, "shared"))
    found = {row["recording_id"] for row in run.rows("findings")}
    assert found <= set(rows)
    waited = [said for _, said in ended if "which is writing to the output" in said]
    assert all("The output is free: this run begins" in said for said in waited)
    assert len(waited) >= 1, "they started at the same time"
    assert not list((tmp_path / "out" / "runs").glob("LOCK*"))
    terminal = io.StringIO()
    assert audit.run(["--output", str(tmp_path / "out")], Console(file=terminal)) == 0, terminal.getvalue()


def test_a_run_says_once_whom_it_waits_for_and_begins_when_that_one_ends(tmp_path: Path) -> None:
    terminal = io.StringIO()
    first = RunLock(str(tmp_path), "first")
    first.__enter__()
    threading.Timer(1.0, first.release).start()
    with locked(str(tmp_path), "second", Console(file=terminal, width=200), wait="1m") as lock:
        lock.check()
    assert terminal.getvalue().splitlines() == [
        "Waiting up to 1m for run first, which is writing to the output",
        "The output is free: this run begins",
    ]


class _Release(io.StringIO):
    """A terminal that releases a lock when a run says that it waits for it."""

    def __init__(self, lock: RunLock) -> None:
        super().__init__()
        self._lock = lock
        self.released_s: float | None = None

    def write(self, text: str) -> int:
        if self.released_s is None and "Waiting up to" in text:
            time.sleep(0.5)  # more than is lost in rounding
            self.released_s = time.monotonic()
            self._lock.release()
        return super().write(text)


def test_the_time_of_a_run_begins_after_its_wait(
    calls: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (first := RunLock(str(tmp_path / "out"), "first")).__enter__()
    terminal = _Release(first)
    options = ("--output", str(tmp_path / "out"), *FAST, "--wait_for_lock", "10m", "--json")
    assert redact.run([str(calls / "card.flac"), *options], Console(file=terminal)) == EXIT_COMPLETED
    ended_s = time.monotonic()
    assert terminal.released_s is not None
    assert json.loads(capsys.readouterr().out)["wall_s"] <= ended_s - terminal.released_s + 0.05


def test_a_wait_ends_with_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began = time.monotonic()
    monkeypatch.setattr(locking, "duration", lambda _: timedelta(seconds=0.5))
    with (
        RunLock(str(tmp_path), "first"),
        pytest.raises(RunLockedError, match=r"run first is writing there.*--wait_for_lock: waited 1m"),
        locked(str(tmp_path), "second", Console(file=io.StringIO()), wait="1m"),
    ):
        pass
    assert 0.5 <= time.monotonic() - began < 10


def test_without_the_option_a_second_run_ends_at_once(calls: Path, tmp_path: Path) -> None:
    output = str(tmp_path / "out")
    with RunLock(output, "first"):
        status = redact.run([str(calls / "card.flac"), "--output", output, *FAST], Console(file=io.StringIO()))
    assert status == EXIT_LOCKED


@pytest.mark.parametrize("command", [clean, erase, expire, notify, redact, rerender])
def test_every_command_that_writes_to_an_output_can_wait(command: ModuleType) -> None:
    name = command.__name__.rpartition(".")[2]
    options = importlib.import_module(f"hushbeam.pipelines.options.commands.{name}")
    model = vars(options)[f"{name.capitalize()}Options"]
    assert "wait_for_lock" in dict(leaves(model))
