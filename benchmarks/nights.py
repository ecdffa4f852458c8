"""Start and end of a night over an archive that grows by one run each night.

    python -m benchmarks.nights --nights 2 25 50 --recordings 200

Each night publishes new recordings: a status object, a safety copy and rows each, without audio, which no look-up
reads. The look-up is done both ways, by name and by a listing, and so is the reading of file lists; the job chooses.
Half of a manifest is new, and half of the night before. Each figure is the shortest of three tries, and of three nights
for the end of a run, on the local disk; docs/scaling.md says what a store's requests add.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.made_up_night import made_up_findings, made_up_transcripts
from hushbeam.schemas.delivery import NOTIFICATIONS_SCHEMA
from hushbeam.schemas.failure import ERRORS_SCHEMA
from hushbeam.schemas.finding import FINDINGS_SCHEMA
from hushbeam.schemas.redacted import TRANSCRIPTS_SCHEMA
from hushbeam.transforms.archive.ledger import Status, committed_entries, entries_by_name
from hushbeam.transforms.archive.ledger_index import Facts, entries_of, pack
from hushbeam.transforms.archive.published_files import json_name
from hushbeam.transforms.archive.tables.earlier_runs import read_earlier_runs
from hushbeam.transforms.archive.tables.file_entry import FileEntry
from hushbeam.transforms.archive.tables.file_lists import read_file_lists
from hushbeam.transforms.archive.tables.layout import TableFile
from hushbeam.transforms.archive.tables.parquet import write_parquet
from hushbeam.transforms.close_run.close import close

_FIRST = datetime(2026, 1, 1, 2, tzinfo=UTC)
_SCHEMAS = {
    "transcripts": TRANSCRIPTS_SCHEMA,
    "findings": FINDINGS_SCHEMA,
    "errors": ERRORS_SCHEMA,
    "notifications": NOTIFICATIONS_SCHEMA,
}
_TRIES = 3
_FACTS = Facts("0" * 64, "160044 mtime_ns:1", "benchmark")


@dataclass(frozen=True)
class Measured:
    """What one night took, in milliseconds, and the files of the archive after it.

    Attributes:
      listed_ms, named_ms: The look-up of the night's recordings by listing the ledger, and by name; None where the job
        lists, since the archive is small.
      lists_ms, new_lists_ms: Reading the file lists of all runs, and those that the record does not know.
      close_ms: All of the end of a run.
    """

    night: int
    listed_ms: float
    named_ms: float | None
    lists_ms: float
    new_lists_ms: float
    close_ms: float
    files: int


def measure(nights: Sequence[int], recordings: int) -> list[Measured]:
    """Runs all nights up to the last of these, and measures these."""
    closes_ms: list[float] = []
    found: list[Measured] = []
    with tempfile.TemporaryDirectory(prefix="hushbeam-nights-") as output:
        for night in range(1, max(nights) + 1):
            at = _FIRST + timedelta(days=night)
            run_id, names = f"{at:%Y%m%dT%H%M%SZ}", _names(night, recordings)
            asked = [*names[len(names) // 2 :], *_names(night - 1, recordings // 2)]
            looked_up = _look_up(output, run_id, asked) if night in nights else None
            tables = _publish(output, run_id, at, names)
            read = _read_lists(output) if night in nights else None
            closes_ms.append(_shortest_ms(partial(_close, output, run_id, names, tables), tries=1))
            if looked_up is not None and read is not None:
                number = sum(len(here) for _, _, here in os.walk(output))
                found.append(Measured(night, *looked_up, *read, min(closes_ms[-_TRIES:]), number))
    return found


def _look_up(output: str, run_id: str, names: Sequence[str]) -> tuple[float, float | None]:
    listed_ms = _shortest_ms(lambda: list(committed_entries(output, run_id)))
    if entries_by_name(output, run_id, names) is None:
        return listed_ms, None
    return listed_ms, _shortest_ms(lambda: list(entries_by_name(output, run_id, names) or ()))


def _read_lists(output: str) -> tuple[float, float]:
    return _shortest_ms(lambda: read_file_lists(output)), _shortest_ms(lambda: read_earlier_runs(output, None))


def _close(output: str, run_id: str, names: Sequence[str], tables: Sequence[tuple[str, FileEntry]]) -> None:
    close(
        output,
        run_id,
        identities={"configuration": "benchmark"},
        key=None,
        totals={"recordings.completed": len(names)},
        committed=[(name.removesuffix(".json"), False) for name in names],
        tables=tables,
        entries=[pack(entries_of(names, [""] * len(names), [_FACTS] * len(names)))],
    )


def _names(night: int, recordings: int) -> list[str]:
    return [json_name(f"night-{night:04}-call-{number:06}") for number in range(recordings)]


def _publish(output: str, run_id: str, at: datetime, names: Sequence[str]) -> list[tuple[str, FileEntry]]:
    """Writes what a run has written when it comes to its end, without the durability, which takes the disk minutes."""
    certificate = {
        "source": {"size_bytes": 160_044, "version": "mtime_ns:1"},
        "configuration": "benchmark",
        "muted": [[0, second * 1.25, second * 1.25 + 0.8] for second in range(10)],
    }
    for folder in ("status", f"runs/{run_id}/rows"):
        Path(output, folder).mkdir(parents=True, exist_ok=True)
    for name in names:
        status = Status("completed", name.removesuffix(".json"), None, "0" * 64, run_id, certificate, None, f"{at}")
        Path(output, "status", name).write_bytes(status.to_json())
        Path(output, "runs", run_id, "rows", name).write_bytes(b"{}")
    for name in ("timings.json", "report.json", "report.html"):
        Path(output, "runs", run_id, name).write_bytes(b"{}")
    rows = {"transcripts": made_up_transcripts(range(10)), "findings": made_up_findings(range(10))}
    written = []
    for table, schema in _SCHEMAS.items():
        if table not in rows and Path(output, table).exists():
            continue
        name = f"{table}/{TableFile(f'{at:%Y-%m-%d}', run_id, 0).name}"
        path = Path(output, name)
        path.parent.mkdir(parents=True)
        write_parquet(path, schema, rows.get(table, ()))
        written.append((name, FileEntry.of(path)))
    return written


def _shortest_ms(work: Callable[[], object], tries: int = _TRIES) -> float:
    taken = []
    for _ in range(tries):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return min(taken) * 1000


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nights", type=int, nargs="+", default=[2, 25, 50])
    parser.add_argument("--recordings", type=int, default=200, help="of each night")
    given = parser.parse_args(arguments)
    table = Table(
        "night",
        "look-up by listing, ms",
        "by name, ms",
        "all file lists, ms",
        "new ones, ms",
        "end of the run, ms",
        "files",
        box=None,
        pad_edge=False,
    )
    for night in measure(given.nights, given.recordings):
        named = "" if night.named_ms is None else f"{night.named_ms:.0f}"
        times = (night.lists_ms, night.new_lists_ms, night.close_ms)
        table.add_row(
            f"{night.night}", f"{night.listed_ms:.0f}", named, *(f"{ms:.0f}" for ms in times), f"{night.files:,}"
        )
    Console(width=120).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
