"""`python -m evaluation.lines measure`: the whole job on one call."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from evaluation import run
from evaluation.lines import __main__ as command

TELEPHONE = Path(run.__file__).parent / "telephone"


def test_a_set_is_measured_clean_first_and_all_figures_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "RESULTS", tmp_path / "results")
    calls = tmp_path / "one-call"
    (calls / "audio").mkdir(parents=True)
    shutil.copy(TELEPHONE / "audio/call-09.wav", calls / "audio")
    for file in ("truth.jsonl", "manifest.jsonl"):
        lines = (TELEPHONE / file).read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if json.loads(line)["recording_id"] == "call-09"]
        (calls / file).write_text("".join(kept), encoding="utf-8")
    job_options = ["--verify", "off"]
    given = ["--calls", str(calls), "--conditions", "ulaw", "--keep", str(tmp_path / "kept")]
    assert command.main(["measure", *given, *job_options]) == 0
    (by_condition,) = json.loads((tmp_path / "results/lines.json").read_text(encoding="utf-8")).values()
    assert list(by_condition) == ["clean", "ulaw"]
    assert by_condition["clean"]["covered_0.9"] > 0.5
    assert by_condition["clean"]["entities"] == by_condition["ulaw"]["entities"] > 0
    table = (tmp_path / "results/lines.md").read_text(encoding="utf-8")
    assert "| µ-law, 8 kHz, 300-3400 Hz |" in table
    assert "µ-law, 8 kHz" in capsys.readouterr().out
    assert (tmp_path / "kept/one-call/ulaw/output/transcripts").is_dir()
