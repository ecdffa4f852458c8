"""What a person sees of a local run: a line that moves, and a summary at the end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from transforms import progress

_REFRESH_S = 0.5
_PLAIN_S = 30.0


@contextmanager
def watching(console: Console) -> Iterator[None]:
    """Shows how far a run in this process is: a line that moves on a terminal, now and then a line elsewhere."""
    progress.reset()
    done = threading.Event()
    show = _show_live if console.is_terminal else _show_lines
    watcher = threading.Thread(target=show, args=(console, done), name="progress", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def print_summary(console: Console, summary: dict[str, Any], output: str) -> None:
    """Prints what came of a run: recordings by outcome, findings by policy, and where to look."""
    recordings = summary["recordings"]
    outcomes = ", ".join(f"{recordings[outcome]} {outcome}" for outcome in recordings)
    console.print(f"[bold]{outcomes}[/] ({summary['audio_s'] / 60:.1f} minutes of sound)", highlight=False)
    if summary["findings"]:
        table = Table("policy", "findings", box=None, pad_edge=False)
        for policy, count in sorted(summary["findings"].items(), key=lambda item: (-item[1], item[0])):
            table.add_row(policy, str(count))
        console.print(table)
    console.print(f"Output: {escape(output)}", highlight=False)
    if recordings["failed"] + recordings["quarantined"]:
        console.print("Why recordings did not complete: errors/ there", highlight=False)


def _show_live(console: Console, done: threading.Event) -> None:
    with Live(_status(), console=console, transient=True) as live:
        while not done.wait(_REFRESH_S):
            live.update(_status())


def _show_lines(console: Console, done: threading.Event) -> None:
    while not done.wait(_PLAIN_S):
        console.print(_status(), highlight=False)


def _status() -> str:
    counts = progress.counts()
    lost = sum(n for name, n in counts.items() if name.endswith((".failed", ".quarantined")))
    parts = [
        f"{counts.get('ReadManifest.passed', 0)} recordings",
        f"{counts.get('Transcribe.passed', 0)} heard ({counts.get('audio_milliseconds', 0) / 60_000:.1f} min)",
        f"{counts.get('Commit.passed', 0)} committed",
    ]
    if lost:
        parts.append(f"{lost} not completed")
    return ", ".join(parts)
