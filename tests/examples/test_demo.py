"""`make demo` shows text before and after, and where to listen and look: what it names is there, its command works."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from examples.demo import main
from examples.webhook_receiver import SECRET_VARIABLE

ROOT = Path(__file__).parents[2]


def test_it_names_what_can_be_heard_and_seen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv(SECRET_VARIABLE, "")  # the demo sets one of its own
    folder = os.path.relpath(tmp_path / "out")  # as people type it
    for _ in range(2):  # the second time, the output has the rows of the first too
        assert main(["--output", folder, "--model", "tiny.en", "--verify", "off"]) == 0
        shown = capsys.readouterr().out
    compared = shown.partition("What was said")[2].partition("Notifications")[0]
    lines = [[cell.strip() for cell in re.split(r" {2,}", line.strip())] for line in compared.splitlines()[3:]]
    pets = [line for line in lines if any("Biscuit" in cell for cell in line)]
    assert [line[2].strip(".") for line in pets] == ["[PASSWORD]"], "the name of the first pet, and what stands for it"
    before, after = (re.findall(rf"^  {when} +(\S.*)$", shown, re.MULTILINE) for when in ("before", "after"))
    assert len(before) == len(after) == 3
    for source, redacted in zip(before, after, strict=True):
        assert Path(source).read_bytes() != Path(redacted).read_bytes()
        assert Path(redacted).name.startswith(Path(source).stem)
    (report,) = re.findall(r"^  report +(\S.*)$", shown, re.MULTILINE)
    assert "</html>" in Path(report).read_text()
    (review,) = re.findall(r"^  review +(\S.*)$", shown, re.MULTILINE)
    with subprocess.Popen(shlex.split(review), stdout=subprocess.PIPE, text=True) as page:
        assert page.stdout is not None
        assert page.stdout.readline().startswith("3 recordings. Open http://127.0.0.1:")
        page.terminate()
