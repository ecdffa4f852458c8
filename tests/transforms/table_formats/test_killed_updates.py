"""A job that is killed at any step of an update, and what the next one makes of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest

from hushbeam.transforms.archive.tables.layout import SCHEMAS
from hushbeam.transforms.table_formats import update, update_tables
from tests.transforms.table_formats import killed_update
from tests.transforms.table_formats.killed_update import KilledError, Steps
from tests.transforms.table_formats.published_runs import Reader, keep, list_run, write_file, write_run

ROOT = Path(__file__).parents[3]
TABLES = ("transcripts", "findings")


@pytest.fixture(autouse=True)
def two_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tables, so that a kill may come between them, are enough."""
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


@pytest.mark.parametrize("kind", ["iceberg", "delta"])
def test_a_kill_at_each_step_of_a_nights_update_leaves_whole_rows(tmp_path: Path, kind: str) -> None:
    prepared(tmp_path / "whole" / "out", kind)
    steps = 2 * len(update_and_die(tmp_path / "whole" / "out", "second", -1))
    assert steps >= 5
    for step in range(steps):
        output = tmp_path / f"{step}" / "out"
        reader = prepared(output, kind)
        came_to = update_and_die(output, "second", step)
        for table in TABLES:  # each is as it was, or has the night
            assert reader.recordings(table) in (BEFORE, AFTER), came_to
        update_tables(str(output), "third")
        for table in TABLES:
            assert reader.recordings(table) == AFTER
            assert len(reader.runs_of_snapshots(table)) == 2  # nothing twice


@pytest.mark.parametrize("kind", ["iceberg", "delta"])
def test_a_kill_at_each_step_of_the_first_update_leaves_whole_rows(tmp_path: Path, kind: str) -> None:
    def ready(output: Path) -> Reader:
        output.mkdir(parents=True)
        keep(output, kind)
        write_run(output, "first", ["a", "gone-4711"], tables=TABLES)
        return Reader(output, kind)

    ready(tmp_path / "whole" / "out")
    steps = 2 * len(update_and_die(tmp_path / "whole" / "out", "first", -1))
    for step in range(steps):
        reader = ready(output := tmp_path / f"{step}" / "out")
        update_and_die(output, "first", step)
        update_tables(str(output), "second")
        for table in TABLES:
            assert reader.recordings(table) == BEFORE
            assert len(reader.runs_of_snapshots(table)) == 1


@pytest.mark.parametrize("kind", ["iceberg", "delta"])
def test_a_kill_at_each_step_of_an_erasure_is_made_good_by_repeating_it(tmp_path: Path, kind: str) -> None:
    def ready(output: Path) -> Reader:
        reader = prepared(output, kind)
        update_tables(str(output), "second")
        erased(output)
        return reader

    ready(tmp_path / "whole" / "out")
    steps = 2 * len(update_and_die(tmp_path / "whole" / "out", "erase", -1, forget=True))
    assert steps >= 5
    for step in range(steps):
        reader = ready(output := tmp_path / f"{step}" / "out")
        came_to = update_and_die(output, "erase", step, forget=True)
        update_tables(str(output), "erase-again", forget=True)
        for table in TABLES:
            assert reader.recordings(table) == AFTER_ERASURE, came_to
            assert len(reader.versions(table)) == 1
        left = [path for path in (tmp_path / f"{step}").rglob("*") if path.is_file()]
        assert not [path for path in left if b"gone-4711" in path.read_bytes()]


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
