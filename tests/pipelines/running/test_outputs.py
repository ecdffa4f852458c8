"""Commands that work on the output of earlier runs refuse a root in which there is nothing: whole commands."""

from pathlib import Path

import pytest

from hushbeam.pipelines.command_line import main
from hushbeam.pipelines.running.exit_status import EXIT_USAGE


@pytest.mark.parametrize(
    "command",
    [
        ("audit",),
        ("erase", "--recording_id", "call"),
        ("evaluate",),
        ("expire", "--older_than", "1h"),
        ("notify",),
        ("report",),
        ("rerender", "--corrections"),
    ],
    ids=lambda command: command[0],
)
def test_a_mistyped_output_is_an_error_and_nothing_is_made_there(
    command: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mistyped = tmp_path / "ouptut"
    assert main([*command, "--output", str(mistyped)]) == EXIT_USAGE
    said = capsys.readouterr()
    assert "--output" in said.out + said.err
    assert not mistyped.exists()
