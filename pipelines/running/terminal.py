"""Progress line and summary of a run, for a person at a terminal."""

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

from hushbeam.pipelines.running.consoles import counted, results
from hushbeam.transforms.archive.runs.timings import Sample
from hushbeam.transforms.base.progress import COMMITTED
from hushbeam.transforms.report_run import RunFigures
from hushbeam.transforms.storage import urls

_PLAIN_S = 30.0
_LAST_LOOK_S = 10.0
_LOST = (".failed", ".quarantined")

Counts = Callable[[], Mapping[str, int]]


@contextmanager
def watching(console: Console, counts: Counts, every_s: float) -> Iterator[list[Sample]]:
    """Shows the progress of a run: a live line on a terminal, a line now and then elsewhere.

    Gives a list of samples that grows with the run, for its report.

    Args:
      counts: Returns the counts that stages have reported so far.
      every_s: How often `counts` is called.
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
        if not watcher.is_alive():  # the thread may still wait for a runner that has ended
            watch.look()


def print_for_machines(result: Mapping[str, Any]) -> None:
    """Prints JSON on standard output, where nothing else is printed."""
    results().print_json(data=result)


def print_summary(console: Console, figures: RunFigures, output: str, report: str) -> None:
    """Prints the result of a run: recordings by outcome, findings by policy, unusual rates, and where to look."""
    summary = figures.summary
    recordings = summary["recordings"]
    outcomes = ", ".join(f"{recordings[outcome]} {outcome}" for outcome in recordings)
    console.print(f"[bold]{outcomes}[/] ({summary['audio_s'] / 60:.1f} minutes of audio)", highlight=False)
    if summary["findings"]:
        table = Table("policy", "findings", box=None, pad_edge=False)
        for policy, count in sorted(summary["findings"].items(), key=lambda item: (-item[1], item[0])):
            table.add_row(policy, str(count))
        console.print(table)
    for rate in figures.rates:
        if rate.is_unexpected:
            console.print(f"[bold yellow]Unlike earlier runs:[/] {rate.described()}", highlight=False)
    console.print(f"Output: {escape(output)}", highlight=False, soft_wrap=True)
    console.print(f"Report: {escape(report)}", highlight=False, soft_wrap=True)
    if recordings["failed"] + recordings["quarantined"]:
        errors = urls.join(output, "errors")
        console.print(
            f"Why recordings did not complete: the report, and the rows in {escape(errors)}",
            highlight=False,
            soft_wrap=True,
        )


def status_line(counts: Mapping[str, int], elapsed_s: float) -> str:
    """A run's progress, speed and remaining time, from the counts that stages report.

    The remaining time assumes that recordings take as long as those before: it is shown once the first is done.
    """
    total = counts.get("ReadManifest.passed", 0)
    transcribed_s = counts.get("audio_milliseconds", 0) / 1000
    committed = counts.get(COMMITTED, 0)
    lost = sum(n for name, n in counts.items() if name.endswith(_LOST))
    findings = sum(n for name, n in counts.items() if name.startswith("findings."))
    skipped = counts.get("SkipFinished.skipped", 0)
    # Some runners report the total late.
    parts = [
        f"{committed} of {counted(total, 'recording')} done" if total else f"{counted(committed, 'recording')} done"
    ]
    if transcribed_s:
        parts += [f"{transcribed_s / 60:.1f} minutes transcribed", counted(findings, "finding")]
    if skipped:
        parts.append(f"{skipped} skipped")
    if lost:
        parts.append(f"{lost} failed or quarantined")
    if transcribed_s and elapsed_s:
        parts.append(f"{transcribed_s / elapsed_s:.1f}× real time")
    ended, left = committed + lost, max(total - skipped - committed - lost, 0)
    if ended and left:
        parts.append(f"about {_clock(elapsed_s * left / ended)} left")
    return ", ".join(parts)


class _Watch:
    """Reads the counts and keeps them as samples."""

    def __init__(self, counts: Counts) -> None:
        self.samples: list[Sample] = []
        self._counts = counts
        self._started = time.monotonic()

    def look(self) -> str:
        counts, elapsed_s = self._counts(), time.monotonic() - self._started
        audio_s = counts.get("audio_milliseconds", 0) / 1000
        self.samples.append(Sample(elapsed_s=elapsed_s, audio_s=audio_s, committed=counts.get(COMMITTED, 0)))
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
    """A name for a terminal, without characters that move the cursor or erase earlier lines."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape", "surrogatepass").decode()
        for character in text
    )
