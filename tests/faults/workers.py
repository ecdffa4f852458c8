"""Faults of worker processes."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from hushbeam.pipelines.running.exit_status import EXIT_BROKEN
from hushbeam.pipelines.running.locked import processes_below
from tests.faults.scenarios import Night, Scenario, assert_left_whole, assert_recovers, start_faulty


def worker_killed(night: Night) -> str:
    """The kernel kills one of two worker processes, as it does where memory runs out: Beam would wait for it."""
    with night.output() as output:
        options = ("--direct_running_mode=multi_processing", "--direct_num_workers=2")
        job = start_faulty(night, output, "wait_after_stage,Commit,120", options=options)
        workers = _workers(job.pid)
        os.kill(workers[-1], signal.SIGKILL)  # the last is no shell that started one
        said, _ = job.communicate(timeout=300)
        assert job.returncode == EXIT_BROKEN, f"{job.returncode}: {said[-500:]}"
        assert "a worker process ended" in " ".join(said.split())
        _wait_until_gone(workers)
        assert not list(output.glob("runs/LOCK*"))
        public = assert_left_whole(night, output)
        return f"exit 1, no worker, no lock left; {public} of 3 public, whole; {assert_recovers(night, output)}"


def _wait_until_gone(processes: list[int]) -> None:
    until = time.monotonic() + 60
    while any(Path(f"/proc/{process}").exists() for process in processes):  # until somebody has asked how they ended
        assert time.monotonic() < until, "worker processes go on"
        time.sleep(0.1)


def _workers(job: int) -> list[int]:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        found = [process for process in processes_below(job) if _is_worker(process)]
        if len(found) > 1:
            return found
        time.sleep(0.1)
    raise AssertionError("no worker processes")


def _is_worker(process: int) -> bool:
    try:
        return b"sdk_worker" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False


SCENARIOS: tuple[Scenario, ...] = (Scenario("a worker process is killed", worker_killed),)
