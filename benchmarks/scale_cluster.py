"""Cost of a large manifest on a Flink cluster: time, and the memory of its workers and task managers.

    FLINK_HOME=… python -m benchmarks.scale_cluster --rows 100000 1000000

The job of `benchmarks.scale`, stubs included, on a cluster of two task managers on this machine, each with a worker
pool beside it. Needs what `make test-flink` needs. Prints a line for each number of rows.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from rich.console import Console

from benchmarks.measure import in_new_process, peak_mib
from benchmarks.scale import Archive, make, whole
from tests.runners.flink import QUICK_START, FlinkCluster, job_server_options
from tests.runners.processes import WorkerPool

_TASK_MANAGERS = 2
_MEMORY = "4096m"
"""Of a task manager: Beam holds up to a hundred messages, of 10 MB each, of what a worker puts out."""
_LOOK_EVERY_S = 0.5


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--words", type=int, default=20, help="words of a transcript")
    parser.add_argument("--rows_in_a_shard", type=int, default=5_000)
    given = parser.parse_args(arguments)
    os.environ |= QUICK_START
    for rows in given.rows:
        with tempfile.TemporaryDirectory(prefix="hushbeam-scale-") as folder:
            archive = Archive(f"{folder}/archive", rows, given.words)
            Path(archive.folder).mkdir()
            in_new_process(make, archive)
            seconds, peaks = _on_flink(Path(folder), archive, max(1, rows // given.rows_in_a_shard))
        Console(width=120).print(f"{rows:,} lines: {seconds:.0f} s; peaks in MiB: {json.dumps(peaks)}", highlight=False)
    return 0


def _on_flink(folder: Path, archive: Archive, shards: int) -> tuple[float, dict[str, int]]:
    """Seconds, and the most memory in MiB that one process of each kind has held."""
    with FlinkCluster(folder, _TASK_MANAGERS, memory=_MEMORY) as cluster, ThreadPoolExecutor(1) as beside:
        started = time.monotonic()
        options = (*job_server_options(cluster.rest), *cluster.pool_options)
        job = beside.submit(in_new_process, whole, archive, shards, options)
        worker_mib = 0.0
        while not job.done():
            worker_mib = max(worker_mib, *(_peak_of_workers(pool) for pool in cluster.pools))
            time.sleep(_LOOK_EVERY_S)
        job.result()
        seconds = time.monotonic() - started
        peaks = {
            "Python worker": worker_mib,
            "task manager": max(peak_mib(task_manager.process_id) for task_manager in cluster.task_managers),
            "job manager": peak_mib(cluster.job_manager.process_id),
        }
    return seconds, {kind: round(peak) for kind, peak in peaks.items()}


def _peak_of_workers(pool: WorkerPool) -> float:
    """Of those that are there now: Flink ends the workers of a stage with the stage."""
    peak = 0.0
    for worker in pool.workers():
        with suppress(RuntimeError):
            peak = max(peak, peak_mib(worker))
    return peak


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
