"""The job as a user submits it, in a process of its own, and what came of it."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.pipelines.conftest import Run
from tests.runners.processes import Service, on_cores

_TABLES = ("transcripts", "findings", "errors", "notifications")


class Submission:
    """`hushbeam redact`, under way."""

    def __init__(
        self,
        folder: Path,
        output: Path,
        options: Sequence[str],
        cores: Sequence[int] = (),
        environment: dict[str, str] | None = None,
    ) -> None:
        self.output = output
        job = [sys.executable, "-m", "hushbeam", "redact", "--output", str(output)]
        self._job = Service(f"job-{output.name}", [*on_cores(cores), *job, *options], folder, environment)

    def when(self, ready: Callable[[], bool]) -> None:
        """Returns as soon as something is so, while the job goes on."""
        self._job.wait_for(ready, limit_s=300)

    def committed(self) -> int:
        return len(list(self.output.glob("status/*.json")))

    def finish(self, limit_s: float = 1200.0) -> Run:
        status = self._job.wait(limit_s)
        return Run(status, self._job.tail(), self.output)

    def terminate(self) -> int:
        self._job.terminate()
        return self._job.wait(60)

    def stop(self) -> None:
        self._job.stop()


def write_manifest(path: Path, calls: Path, lines: Sequence[Mapping[str, Any]]) -> Path:
    located = [{**line, "audio_url": str(calls / line["audio_url"])} for line in lines]
    path.write_text("".join(json.dumps(line) + "\n" for line in located))
    return path


def assert_same_outputs(run: Run, expected: Run) -> None:
    """Tables as sets of rows without duplicates, audio byte for byte, a status for each recording."""
    assert run.statuses() == expected.statuses()
    assert {name: path.read_bytes() for name, path in run.audio().items()} == {
        name: path.read_bytes() for name, path in expected.audio().items()
    }
    for table in _TABLES:
        assert comparable(run, table) == comparable(expected, table), table
    assert not list(run.output.glob("runs/*/rows/*"))


def comparable(run: Run, table: str) -> list[str]:
    """Rows without what names the output root or the time."""
    rows = [{k: v for k, v in row.items() if k != "processed_at"} for row in run.rows(table)]
    return sorted(json.dumps(row, default=str, sort_keys=True).replace(str(run.output), "") for row in rows)


def wait_until(ready: Callable[[], bool], limit_s: float = 30.0) -> bool:
    until = time.monotonic() + limit_s
    while not ready():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
