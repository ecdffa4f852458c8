"""Messages of commands that change an output whose store does not work."""

from __future__ import annotations

import io
from pathlib import Path
from types import ModuleType

import pytest
from rich.console import Console

from hushbeam.pipelines import erase, expire
from hushbeam.pipelines.running.exit_status import EXIT_BROKEN


@pytest.mark.parametrize(
    ("job", "options"), [(expire, ("--older_than", "1h")), (erase, ("--recording_id", "jane-doe"))]
)
def test_a_store_that_does_not_work_is_named_and_nobody_else(
    job: ModuleType, options: tuple[str, ...], tmp_path: Path
) -> None:
    output = tmp_path / "out"
    output.mkdir()
    (output / "runs").write_text("a file in the place of a folder")
    terminal = io.StringIO()
    assert job.run(["--output", str(output), *options], Console(file=terminal, width=200)) == EXIT_BROKEN
    assert "The job broke: the local disk failed" in terminal.getvalue()
    assert "jane-doe" not in terminal.getvalue()
