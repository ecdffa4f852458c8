"""What a person sees of a run: a line that moves, and a summary at the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from hushbeam.pipelines.running.speaking import results
from hushbeam.transforms.report_run import RunFigures, Sample

_PLAIN_S = 30.0
_LAST_LOOK_S = 10.0
_LOST = (".failed", ".quarantined")

Counts = Callable[[], Mapping[str, int]]


@contextmanager
def watching(console: Console, counts: Counts, every_s: float) -> Iterator[list[Sample]]:
    """Shows how far a run is: a line that moves on a terminal, now and then a line elsewhere.

    Gives a list that grows with the run, for its report.

    Args:
      counts: Gives the counts that stages report, so far.
      every_s: How often it is asked.
    """
    watch = _Watch(counts)
    done = threading.Event()
    show = _show_live if console.is_terminal else _show_lines
    watcher = threading.Thread(target=show, args=(console, watch, done, every_s), name="progress", daemon=True)
    watcher.start()
    try:
        yield watch.samples
    finally:
        done.set()
        watcher.join(_LAST_LOOK_S)
        if not watcher.is_alive():  # it may wait for the answer of a runner that is gone
            watch.look()


def print_for_machines(result: Mapping[str, Any]) -> None:
    """Prints JSON on standard output, where nothing else is printed."""
    results().print_json(data=result)


def print_summary(console: Console, figures: RunFigures, output: str, report: str) -> None:
    """Prints what came of a run: recordings by outcome, findings by policy, what is unusual, and where to look."""
    summary = figures.summary
    recordings = summary["recordings"]
    outcomes = ", ".join(f"{recordings[outcome]} {outcome}" for outcome in recordings)
    console.print(f"[bold]{outcomes}[/] ({summary['audio_s'] / 60:.1f} minutes of sound)", highlight=False)
    if summary["findings"]:
        table = Table("policy", "findings", box=None, pad_edge=False)
        for policy, count in sorted(summary["findings"].items(), key=lambda item: (-item[1], item[0])):
            table.add_row(policy, str(count))
        console.print(table)
    for rate in figures.rates:
        if rate.is_unexpected:
            console.print(f"[bold yellow]Unlike the runs before:[/] {rate.described()}", highlight=False)
    console.print(f"Output: {escape(output)}", highlight=False)
    console.print(f"Report: {escape(report)}", highlight=False)
    if recordings["failed"] + recordings["quarantined"]:
        console.print("Why recordings did not complete: errors/ there", highlight=False)


def status_line(counts: Mapping[str, int], elapsed_s: float) -> str:
    """How far a run is, how fast it goes, and when it may end, from the counts that stages report.

    The time left is what the recordings so far took, for those that are left: it is not told before the first is done.
    """
    total = counts.get("ReadManifest.passed", 0)
    transcribed_s = counts.get("audio_milliseconds", 0) / 1000
    committed = counts.get("Commit.passed", 0)
    lost = sum(n for name, n in counts.items() if name.endswith(_LOST))
    findings = sum(n for name, n in counts.items() if name.startswith("findings."))
    skipped = counts.get("SkipFinished.skipped", 0)
    parts = [f"{total} recordings"] if total else []  # some runners tell it late
    parts.append(f"{committed} committed")
    if transcribed_s:
        parts += [f"{transcribed_s / 3600:.2f} h heard", f"{findings} findings"]
    if skipped:
        parts.append(f"{skipped} skipped")
    if lost:
        parts.append(f"{lost} not completed")
    if transcribed_s and elapsed_s:
        parts.append(f"{transcribed_s / elapsed_s:.1f}× real time")
    ended, left = committed + lost, max(total - skipped - committed - lost, 0)
    if ended and left:
        parts.append(f"about {_clock(elapsed_s * left / ended)} left")
    return ", ".join(parts)


class _Watch:
    """Looks at the counts, and remembers what it saw."""

    def __init__(self, counts: Counts) -> None:
        self.samples: list[Sample] = []
        self._counts = counts
        self._started = time.monotonic()

    def look(self) -> str:
        counts, elapsed_s = self._counts(), time.monotonic() - self._started
        audio_s = counts.get("audio_milliseconds", 0) / 1000
        self.samples.append(Sample(elapsed_s=elapsed_s, audio_s=audio_s, committed=counts.get("Commit.passed", 0)))
        return status_line(counts, elapsed_s)


def _show_live(console: Console, watch: _Watch, done: threading.Event, every_s: float) -> None:
    with Live(watch.look(), console=console, transient=True) as live:
        while not done.wait(every_s):
            live.update(watch.look())


def _show_lines(console: Console, watch: _Watch, done: threading.Event, every_s: float) -> None:
    shown = time.monotonic()
    while not done.wait(every_s):
        line = watch.look()
        if time.monotonic() - shown >= _PLAIN_S:
            console.print(line, highlight=False)
            shown = time.monotonic()


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def printable(text: str) -> str:
    """A name for a terminal: who chose it must not move the cursor, or wipe what was said before."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape", "surrogatepass").decode()
        for character in text
    )
