"""A job that is killed at any step of an update, and what the next one makes of it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from hushbeam.transforms.archive.tables.layout import SCHEMAS
from hushbeam.transforms.table_formats import update, update_tables
from tests.transforms.table_formats import killed_update
from tests.transforms.table_formats.killed_update import KilledError, Steps
from tests.transforms.table_formats.published_runs import Reader, keep, list_run, write_file, write_run

ROOT = Path(__file__).parents[3]
TABLES = ("findings", "errors")


@pytest.fixture(autouse=True)
def two_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tables, so that a kill may come between them, are enough; PyIceberg copies their columns again and again."""
    monkeypatch.setattr(update, "SCHEMAS", {table: SCHEMAS[table] for table in TABLES})


def update_and_die(output: Path, run_id: str, step: int, *, forget: bool = False) -> list[str]:
    """Updates the tables up to a step, and gives the steps that it came to; all of them if `step` is negative."""
    steps = Steps(step)
    with pytest.MonkeyPatch.context() as patching:
        steps.patch(patching)
        try:
            update_tables(str(output), run_id, forget=forget)
        except KilledError:
            assert step >= 0
        else:
            assert not steps.is_dead
    return steps.came_to


def prepared(output: Path, kind: str) -> Reader:
    """Two nights: the first is registered, the second brings a new column and is not registered yet."""
    output.mkdir(parents=True)
    keep(output, kind)
    write_run(output, "first", ["a", "gone-4711"], tables=TABLES)
    update_tables(str(output), "first")
    second = write_run(output, "second", ["b"], tables=TABLES, ended=False)
    write_file(output, second[0], ["b"], "second", {"mood": (pa.string(), "calm")})
    list_run(output, "second", second)
    return Reader(output, kind)


class Ready:
    """A folder as it was when an update began, put back before each kill."""

    def __init__(self, folder: Path, prepare: Callable[[Path], Reader]) -> None:
        self._folder = folder / "now"
        self._before = folder / "before"
        self.output = self._folder / "out"
        self._reader = prepare(self.output)
        shutil.copytree(self._folder, self._before)

    def again(self) -> Reader:
        """What reads it: at the same place, for Iceberg's tables know their own."""
        shutil.rmtree(self._folder)
        shutil.copytree(self._before, self._folder)
        return self._reader

    def files(self) -> list[Path]:
        return [path for path in self._folder.rglob("*") if path.is_file()]


def erased(output: Path) -> None:
    """What `erase` leaves before it updates the tables."""
    names = [f"{table}/run_date=2026-11-29/first-0001.parquet" for table in TABLES]
    for name in names:
        write_file(output, name, ["a"], "first")
    list_run(output, "first", names)
    for table in TABLES:
        (output / table / "run_date=2026-11-29/first-0000.parquet").unlink()


BEFORE = [("a", "first"), ("gone-4711", "first")]
AFTER = [("a", "first"), ("b", "second"), ("gone-4711", "first")]
AFTER_ERASURE = [("a", "first"), ("b", "second")]

SOME_STEPS = pytest.mark.parametrize(
    ("kind", "every"), [("iceberg", 3), ("delta", 1), pytest.param("iceberg", 1, marks=pytest.mark.long)]
)
"""An odd number of steps from one to the next, so that kills come before calls and after them."""


@SOME_STEPS
def test_a_kill_at_each_step_of_a_nights_update_leaves_whole_rows(tmp_path: Path, kind: str, every: int) -> None:
    ready = Ready(tmp_path, lambda output: prepared(output, kind))
    steps = 2 * len(update_and_die(ready.output, "second", -1))
    assert steps >= 5
    for step in range(0, steps, every):
        reader = ready.again()
        came_to = update_and_die(ready.output, "second", step)
        for table in TABLES:  # each is as it was, or has the night
            assert reader.recordings(table) in (BEFORE, AFTER), came_to
        update_tables(str(ready.output), "third")
        for table in TABLES:
            assert reader.recordings(table) == AFTER
            assert len(reader.runs_of_snapshots(table)) == 2  # nothing twice


@SOME_STEPS
def test_a_kill_at_each_step_of_the_first_update_leaves_whole_rows(tmp_path: Path, kind: str, every: int) -> None:
    def first(output: Path) -> Reader:
        output.mkdir(parents=True)
        keep(output, kind)
        write_run(output, "first", ["a", "gone-4711"], tables=TABLES)
        return Reader(output, kind)

    ready = Ready(tmp_path, first)
    steps = 2 * len(update_and_die(ready.output, "first", -1))
    for step in range(0, steps, every):
        reader = ready.again()
        update_and_die(ready.output, "first", step)
        update_tables(str(ready.output), "second")
        for table in TABLES:
            assert reader.recordings(table) == BEFORE
            assert len(reader.runs_of_snapshots(table)) == 1


@SOME_STEPS
def test_a_kill_at_each_step_of_an_erasure_is_made_good_by_repeating_it(tmp_path: Path, kind: str, every: int) -> None:
    def two_nights(output: Path) -> Reader:
        reader = prepared(output, kind)
        update_tables(str(output), "second")
        erased(output)
        return reader

    ready = Ready(tmp_path, two_nights)
    steps = 2 * len(update_and_die(ready.output, "erase", -1, forget=True))
    assert steps >= 5
    for step in range(0, steps, every):
        reader = ready.again()
        came_to = update_and_die(ready.output, "erase", step, forget=True)
        update_tables(str(ready.output), "erase-again", forget=True)
        for table in TABLES:
            assert reader.recordings(table) == AFTER_ERASURE, came_to
            assert len(reader.versions(table)) == 1
        assert not [path for path in ready.files() if b"gone-4711" in path.read_bytes()]


@pytest.mark.long
@pytest.mark.parametrize("kind", ["iceberg", "delta"])
def test_a_process_that_is_killed_at_any_moment_leaves_whole_rows(tmp_path: Path, kind: str) -> None:
    """Also inside of the libraries: Delta's commits are not Python."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    killed = 0
    for attempt in range(20):
        output = tmp_path / f"{attempt}" / "out"
        reader = prepared(output, kind)
        command = [sys.executable, killed_update.__file__, str(output), "second"]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as job:
            assert job.stdout is not None
            job.stdout.readline()
            time.sleep(0.05 * attempt)
            job.send_signal(signal.SIGKILL)
        killed += job.returncode == -signal.SIGKILL
        for table in TABLES:
            assert reader.recordings(table) in (BEFORE, AFTER)
        update_tables(str(output), "third")
        for table in TABLES:
            assert reader.recordings(table) == AFTER
    assert killed > 5
