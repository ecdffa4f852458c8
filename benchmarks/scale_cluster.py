"""What a large manifest costs on a Flink cluster: time, and the memory of its workers and task managers.

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
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from rich.console import Console

from benchmarks.measure import in_new_process
from benchmarks.scale import Archive, make, whole
from tests.runners.flink import QUICK_START, flink_cluster, job_server_options

_TASK_MANAGERS = 2
_MEMORY = "4096m"
"""Of a task manager: Beam holds up to a hundred messages, of 10 MB each, of what a worker puts out."""
_KINDS = {
    "Python worker": "SdkHarness",
    "task manager": "TaskManagerRunner",
    "job manager": "StandaloneSessionClusterEntrypoint",
}
"""What the command line of each process tells it by."""
_MIB = 1024 * 1024
_EACH_S = 0.5


@dataclass
class Peaks:
    """The most memory that one process of each kind held, in MiB."""

    mib: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_KINDS, 0))

    def look(self) -> None:
        for process in psutil.process_iter(["cmdline", "memory_info"]):
            command = " ".join(process.info["cmdline"] or ())
            for kind, told_by in _KINDS.items():
                if told_by in command and process.info["memory_info"] is not None:
                    self.mib[kind] = max(self.mib[kind], process.info["memory_info"].rss // _MIB)


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
        Console(width=120).print(
            f"{rows:,} lines: {seconds:.0f} s; peaks in MiB: {json.dumps(peaks.mib)}", highlight=False
        )
    return 0


def _on_flink(folder: Path, archive: Archive, shards: int) -> tuple[float, Peaks]:
    home = Path(os.environ["FLINK_HOME"])
    with (
        flink_cluster(home, folder, _TASK_MANAGERS, keeps_workers=True, memory=_MEMORY) as cluster,
        _watched() as peaks,
    ):
        started = time.monotonic()
        in_new_process(whole, archive, shards, (*job_server_options(cluster.rest), *cluster.pool_options))
        return time.monotonic() - started, peaks


@contextmanager
def _watched() -> Iterator[Peaks]:
    peaks, over = Peaks(), threading.Event()

    def watch() -> None:
        while not over.wait(_EACH_S):
            peaks.look()

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield peaks
    finally:
        over.set()
        watching.join()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
