"""The whole job in parts: several pipelines of one run, as for a manifest of many lines."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console

from hushbeam.pipelines import audit
from hushbeam.pipelines.redact import run as redact
from hushbeam.pipelines.running import parts
from hushbeam.transforms.read_manifest import packs
from tests.pipelines.conftest import FAST, Run


@pytest.fixture
def in_parts_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packs, "LINES_OF_A_PART", 2)


@pytest.fixture
def in_parts_of_three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packs, "LINES_OF_A_PART", 3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Seven recordings without speech, so that no model is needed for long."""
    for number in range(7):
        noise = np.random.default_rng(number).normal(0, 30, 8000).astype(np.int16)
        soundfile.write(tmp_path / f"{number}.wav", noise, 8000)
    return tmp_path


def manifest(folder: Path, lines: Sequence[dict[str, object] | str]) -> Path:
    path = folder / "calls.jsonl"
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def started(folder: Path, *arguments: str) -> Run:
    terminal = io.StringIO()
    output = folder / "out"
    status = redact([*arguments, "--output", str(output), *FAST], Console(file=terminal, width=200))
    return Run(status, terminal.getvalue(), output)


def line(number: int, **keys: object) -> dict[str, object]:
    return {"audio_url": f"{number}.wav", "recording_id": f"call-{number}", **keys}


def summaries(output: Path) -> list[dict[str, object]]:
    return [json.loads(path.read_text())["recordings"] for path in sorted(output.glob("runs/*/summary.json"))]


@pytest.mark.usefixtures("in_parts_of_three")
def test_parts_are_one_run_with_one_summary_whose_totals_are_those_of_all_lines(folder: Path) -> None:
    lines: list[dict[str, object] | str] = [
        *map(line, range(3)),
        line(3, colour="blue"),
        "no JSON",
        line(4),
        line(1),
        line(5),
        line(6),
    ]
    calls = manifest(folder, lines)
    run = started(folder, str(calls))
    assert run.status == 3, run.terminal
    (recordings,) = summaries(run.output)
    assert (recordings["completed"], recordings["failed"], recordings["skipped"]) == (6, 3, 0)
    assert run.statuses() == {f"call-{number}" for number in (0, 1, 2, 4, 5, 6)}
    assert sorted(row["recording_id"] for row in run.rows("transcripts")) == sorted(run.statuses())
    assert {row["run_id"] for row in run.rows("transcripts")} == {
        next(run.output.glob("runs/*/summary.json")).parent.name
    }
    errors = {row["line"]: row for row in run.rows("errors")}
    assert set(errors) == {4, 5, 7}
    assert errors[4]["error_class"] == "UnknownKeyError"
    assert errors[7]["error_class"] == "DuplicateRecordingIdError"
    assert "line 2 has the same id" in errors[7]["message"]
    assert audit.run(["--output", str(run.output)]) == 0

    again = started(folder, str(calls))
    assert summaries(run.output)[1]["skipped"] == 6, again.terminal
    assert audit.run(["--output", str(run.output)]) == 0


@pytest.mark.usefixtures("in_parts_of_two")
def test_named_recordings_come_in_parts_too(folder: Path) -> None:
    run = started(folder, *(str(folder / f"{number}.wav") for number in range(5)))
    assert run.status == 0, run.terminal
    assert summaries(run.output)[0]["completed"] == len(run.rows("transcripts")) == 5
    assert "5 completed" in run.terminal


@pytest.mark.usefixtures("in_parts_of_two")
def test_a_run_that_dies_between_parts_is_continued_by_the_next(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = manifest(folder, list(map(line, range(5))))

    def dies_in_the_second(made: object) -> bool:
        if len(list((folder / "out").glob("runs/*/rows/*"))) >= 2:
            raise OSError("the machine")
        return True

    with monkeypatch.context() as patched:
        patched.setattr(parts, "give_back_freed", lambda: dies_in_the_second(None))
        assert started(folder, str(calls)).status == 1
    assert not summaries(folder / "out")
    run = started(folder, str(calls))
    assert run.status == 0, run.terminal
    (recordings,) = summaries(run.output)
    assert (recordings["completed"], recordings["recovered"], recordings["skipped"]) == (3, 2, 2)
    assert sorted(row["recording_id"] for row in run.rows("transcripts")) == [f"call-{number}" for number in range(5)]
    assert not list(run.output.glob("runs/*/rows/*"))
    assert audit.run(["--output", str(run.output)]) == 0
