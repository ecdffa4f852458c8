"""No command takes another folder for temporary files than the one that it was asked to take."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from hushbeam.pipelines.running.exit_status import EXIT_USAGE

pytestmark = pytest.mark.permissions

OUTPUT = ("--output", "out")
MANIFEST = ("--manifest", "manifest.jsonl", "--model", "tiny.en", "--verify", "off")


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("redact", (*OUTPUT, *MANIFEST)),
        ("plan", (*OUTPUT, *MANIFEST)),
        ("rerender", (*OUTPUT, "--store", "store", "--store_key", "env:HUSHBEAM_TEST_KEY")),
        ("audit", OUTPUT),
        ("review", OUTPUT),
        ("evaluate", OUTPUT),
        ("report", OUTPUT),
        ("notify", OUTPUT),
        ("notify", (*OUTPUT, "--manifest", "manifest.jsonl", "--resume")),
        ("expire", (*OUTPUT, "--older_than", "1h")),
        ("erase", (*OUTPUT, "--recording_id", "card")),
    ],
)
def test_no_command_begins_without_the_folder_that_it_was_given(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    command: str,
    options: tuple[str, ...],
) -> None:
    (tmp_path / "out/runs/a-run").mkdir(parents=True)
    (tmp_path / "out/runs/a-run/summary.json").write_text("{}")
    (tmp_path / "store").mkdir()
    (tmp_path / "store/card.findings").touch()
    (tmp_path / "manifest.jsonl").write_text('{"audio_url": "call.wav"}\n')
    monkeypatch.setenv("HUSHBEAM_TEST_KEY", "c2VhbGVkIHdpdGggYSBrZXkgb2YgdGhpcnR5LXR3byE=")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "absent"))
    before = sorted(tmp_path.rglob("*"))
    status = importlib.import_module(f"pipelines.{command}").run(options)
    said = "".join(capfd.readouterr())
    assert (status, "TMPDIR" in said, "Traceback" in said) == (EXIT_USAGE, True, False), said
    assert sorted(tmp_path.rglob("*")) == before
