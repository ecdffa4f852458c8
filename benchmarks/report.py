"""Cost of a large run's report: seconds, memory and size, over tables with rows of many recordings.

    python -m benchmarks.report [--recordings 100000]

The rows are those of `benchmarks/made_up_night.py`.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from benchmarks import made_up_night
from hushbeam.transforms.report_run import read_figures, write_report

_FAILURES = tuple(
    ("failed", "PlanSpans", "MediaError", False, f"corrupt: the frame at {number} s cannot be decoded", 5)
    for number in range(400)
)
"""More causes than a page has place for."""


def main() -> None:
    """Makes the tables, then the report, and prints what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=int, default=100_000)
    recordings = parser.parse_args().recordings
    with TemporaryDirectory(prefix="hushbeam-") as folder:
        made_up_night.make(Path(folder), recordings, failures=_FAILURES, earlier=20)
        before = time.perf_counter()
        url = write_report(folder, read_figures(folder, made_up_night.RUN))
        seconds = time.perf_counter() - before
        table = Table("recordings", "seconds", "size (kB)", "peak memory of the process (MB)")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        table.add_row(f"{recordings:,}", f"{seconds:.1f}", f"{Path(url).stat().st_size / 1000:.0f}", f"{peak:.0f}")
        Console().print(table)


if __name__ == "__main__":
    main()
