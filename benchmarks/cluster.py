"""Two Flink task managers against one, and against a local run: `make bench-flink`.

    python -m benchmarks.cluster [--calls dev telephone] [--model base] [--verify off]

The worker pool of each task manager has one core of this machine; the local run has as many cores as there are task
managers. Each way does the same labelled calls, one way after another, and each time counts from the command to its
end: job server, start of workers and loading of models included; the cluster itself runs already. Needs what `make
test-flink` needs. Prints a table and writes `benchmarks/results/cluster.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.corpus import CALLS
from benchmarks.measure import processor_name
from evaluation.truth import read_truth
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED
from tests.runners.flink import QUICK_START, FlinkCluster, job_server_options
from tests.runners.submitting import Submission

RESULTS = Path(__file__).parent / "results"
_TASK_MANAGERS = 2
_LIMIT_S = 3600.0


def main() -> int:
    """Measures each way, prints and keeps the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", nargs="+", default=["dev", "telephone"], help="folders of labelled calls")
    parser.add_argument("--model", default="base")
    parser.add_argument("--verify", default="all")
    given = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))[:_TASK_MANAGERS]
    manifests = [str(CALLS / name / "manifest.jsonl") for name in given.calls]
    job = ("--manifest", *manifests, "--model", given.model, "--verify", given.verify, "--output_shards", "2")
    with TemporaryDirectory() as scratch:
        seconds = {f"local, {len(cores)} cores": _local(Path(scratch), cores, job)}
        for count in range(1, _TASK_MANAGERS + 1):
            seconds[f"{count} × (task manager, worker on one core)"] = _on_flink(Path(scratch), cores[:count], job)
    minutes = sum(call.duration_s for name in given.calls for call in read_truth(CALLS / name)) / 60
    _show(minutes, seconds)
    RESULTS.mkdir(exist_ok=True)
    found = {
        "machine": {"processor": processor_name(), "cores": len(os.sched_getaffinity(0))},
        "calls": given.calls,
        "audio_minutes": round(minutes, 1),
        "model": given.model,
        "verify": given.verify,
        "seconds": {way: round(taken, 1) for way, taken in seconds.items()},
    }
    (RESULTS / "cluster.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


def _local(scratch: Path, cores: list[int], job: tuple[str, ...]) -> float:
    folder = scratch / "local"
    folder.mkdir()
    return _timed(Submission(folder, folder / "out", job, cores=cores))


def _on_flink(scratch: Path, cores: list[int], job: tuple[str, ...]) -> float:
    folder = scratch / f"flink-{len(cores)}"
    folder.mkdir()
    with FlinkCluster(folder, len(cores), cores=cores) as cluster:
        options = (*job, *job_server_options(cluster.rest), *cluster.pool_options)
        return _timed(Submission(folder, folder / "out", options, environment=QUICK_START))


def _timed(job: Submission) -> float:
    started = time.monotonic()
    try:
        run = job.finish(_LIMIT_S)
    finally:
        job.stop()
    if run.status != EXIT_COMPLETED:
        raise RuntimeError(f"the job ended with status {run.status}:\n{run.terminal}")
    return time.monotonic() - started


def _show(minutes: float, seconds: dict[str, float]) -> None:
    table = Table("", "wall s", "÷ local", title=f"{minutes:.1f} minutes of calls", box=box.SIMPLE)
    local_s = next(iter(seconds.values()))
    for way, taken in seconds.items():
        table.add_row(way, f"{taken:.0f}", f"{taken / local_s:.2f}")
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
