"""Commands that work on the output of earlier runs refuse a root in which no run wrote: whole commands."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hushbeam.pipelines.command_line import main
from hushbeam.pipelines.running.exit_status import EXIT_USAGE
from hushbeam.pipelines.running.outputs import output_of_runs
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.archive import tombstones
from hushbeam.transforms.archive.ledger import Status, write_status
from hushbeam.transforms.archive.run_lock import RunLock

every_command = pytest.mark.parametrize(
    "command",
    [
        ("audit",),
        ("erase", "--recording_id", "call"),
        ("evaluate",),
        ("expire", "--older_than", "1h"),
        ("notify",),
        ("report",),
        ("rerender", "--corrections"),
        ("review",),
    ],
    ids=lambda command: command[0],
)


@every_command
def test_a_mistyped_output_is_an_error_and_nothing_is_made_there(
    command: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mistyped = tmp_path / "ouptut"
    assert main([*command, "--output", str(mistyped)]) == EXIT_USAGE
    said = capsys.readouterr()
    assert "--output" in said.out + said.err
    assert not mistyped.exists()


@every_command
def test_a_folder_of_something_else_is_an_error_and_nothing_is_made_there(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("call.wav", "status/monday.json", "runs/marathon.txt", "transcripts/notes.parquet"):
        (tmp_path / "calls" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "calls" / name).write_text("{}")
    before = sorted(tmp_path.rglob("*"))
    assert main([*command, "--output", "calls/"]) == EXIT_USAGE
    said = capsys.readouterr()
    assert "--output: no run has written anything in calls/; name" in said.out + said.err
    assert sorted(tmp_path.rglob("*")) == before


def _write(name: str) -> Callable[[Path], None]:
    def write(root: Path) -> None:
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text("{}")

    return write


@pytest.mark.parametrize(
    "left",
    [
        _write("runs/nightly/summary.json"),
        _write("runs/nightly/rows/call.json"),
        _write("runs/audit-1/audit.json"),
        _write("runs/ledger.parquet"),
        _write("transcripts/nightly-0000.parquet"),
        lambda root: write_status(str(root), Status("completed", "call", None, "0" * 64, "nightly")),
        lambda root: tombstones.lay(str(root), "call", ()),
    ],
)
def test_whatever_is_left_of_an_output_is_enough(left: Callable[[Path], None], tmp_path: Path) -> None:
    (tmp_path / "call.wav").touch()
    left(tmp_path)
    assert output_of_runs(str(tmp_path)) == str(tmp_path)


def test_a_run_that_has_just_begun_is_enough(tmp_path: Path) -> None:
    with RunLock(str(tmp_path), "first"):
        assert output_of_runs(str(tmp_path)) == str(tmp_path)
    with pytest.raises(ConfigurationError, match="no run has written anything"):
        output_of_runs(str(tmp_path))
