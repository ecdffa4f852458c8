"""Progress of a run, and results of its recordings as they end, for a person at a terminal or in a log."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from hushbeam.pipelines.running.consoles import clock_time, printable, results
from hushbeam.pipelines.running.reporting.progress import (
    CLOSING,
    LOADING,
    TRANSCRIBING,
    VERIFYING,
    Clock,
    Progress,
    phase_of,
    progress_of,
)
from hushbeam.transforms.archive.runs.timings import Sample
from hushbeam.transforms.base import progress as reported
from hushbeam.transforms.base.plurals import counted
from hushbeam.transforms.base.progress import FOUND, Ended
from hushbeam.transforms.storage import urls

MOST_LISTED = 20
"""Runs of at most this many recordings list each of them; of longer runs only what failed is shown."""

_MOST_SAMPLES = 4000
"""Of a run, in memory. A night has 100,000 looks."""

_PLAIN_S = 30.0
_LAST_LOOK_S = 10.0
_LOOK_S = 0.5
_CLOSE_S = 1.0
_LEAST_BAR, _MOST_BAR = 10, 40
_STATUS_STYLES = {"completed": "green", "failed": "red", "quarantined": "yellow"}
_VERIFICATION = {
    "passed": "verified",
    "nothing_to_verify": "nothing to verify",
    "not_sampled": "not verified (not in the sample)",
    "off": "not verified",
}

Counts = Callable[[], Mapping[str, int]]


@contextmanager
def watching(
    console: Console,
    counts: Counts,
    every_s: float = _LOOK_S,
    *,
    first: str = "starting",
    clock: Clock | None = None,
    tells_files: bool = False,
) -> Iterator[Watch]:
    """Shows the progress of a run: a bar on a terminal, lines now and then elsewhere, and recordings as they end.

    Gives the watch, whose samples grow with the run, for its report.

    Args:
      counts: Returns the counts that stages have reported so far.
      every_s: How often `counts` is called.
      first: What the run does before it knows of audio; all along, if nothing is transcribed or nothing is told.
      clock: Predicts the time left.
      tells_files: Whether to tell the files of recordings that fail and that no manifest names.
    """
    watch = Watch(console, counts, first, clock or Clock(), tells_files=tells_files)
    with _shown(console, watch.shown), _repeated(watch.look, every_s) as looking:
        yield watch
    if not looking.is_alive() and not watch.is_closed:  # the thread may still wait for a runner that has ended
        watch.look()


@contextmanager
def waiting(console: Console, phase: str, count: str = "", noun: str = "") -> Iterator[None]:
    """Shows what a command does and for how long, on a terminal; elsewhere only if it takes long.

    Args:
      count: The count of a stage that is shown, if any.
      noun: What it counts, in the singular.
    """
    started = time.monotonic()
    if count:
        reported.reset()

    def shown() -> _Shown:
        done = reported.counts().get(count, 0)
        return _Shown(phase, time.monotonic() - started, done=f"{counted(done, noun)} done" if done else "")

    with _shown(console, shown):
        yield


def print_for_machines(result: Mapping[str, Any]) -> None:
    """Prints JSON on standard output, where nothing else is printed."""
    results().print_json(data=result)


def close_displays() -> None:
    """Removes the bar from the terminal, for a process that is about to end. Gives up if a display is in use."""

    def close() -> None:
        for live in list(_open):
            with suppress(Exception):
                live.stop()

    do_within(_CLOSE_S, close)


def do_within(seconds: float, work: Callable[[], object]) -> None:
    """Waits no longer for work, done in a thread: it may need a lock of the caller, whom a signal has interrupted."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)


class Watch:
    """Reads the counts of a run, keeps them as samples, and prints recordings that have ended."""

    def __init__(
        self, console: Console, counts: Counts, first: str, clock: Clock, *, tells_files: bool = False
    ) -> None:
        self.samples: list[Sample] = []
        self.is_closed = False
        self._first = first
        self._console = console
        self._counts = counts
        self._clock = clock
        self._tells_files = tells_files
        self._started = time.monotonic()
        self._looks = 0
        self._sampled_each = 1
        self._looking = threading.Lock()
        self._listed: list[Ended] = []
        self._latest: Mapping[str, int] = {}
        self._progress = Progress()
        self._left: tuple[float, float] | None = None

    def close(self) -> None:
        """Takes the last sample: the pipeline is over, and only the report is left."""
        # The thread that looks may still wait for a runner that has ended.
        if self._looking.acquire(timeout=_LAST_LOOK_S):
            try:
                self._look(is_last=True)
            finally:
                self._looking.release()
        self.is_closed = True

    def look(self) -> None:
        """Takes a sample, and prints the recordings that have ended since the last one."""
        with self._looking:
            if not self.is_closed:
                self._look()

    def _look(self, *, is_last: bool = False) -> None:
        self._latest = self._counts()
        elapsed_s = time.monotonic() - self._started
        progress = self._progress = progress_of(self._latest)
        activity = reported.activity()
        left_s = self._clock.left_s(progress, elapsed_s, is_loading=activity is not None)
        self._left = None if left_s is None else (left_s, time.monotonic())
        sample = Sample(elapsed_s=elapsed_s, audio_s=progress.transcribed_s, committed=progress.committed)
        self._keep(sample, is_last=is_last)
        self._list_ended()

    def _keep(self, sample: Sample, *, is_last: bool) -> None:
        """Keeps samples at even distances, as many as memory is meant for, and the last."""
        if is_last or self._looks % self._sampled_each == 0:
            self.samples.append(sample)
        self._looks += 1
        if len(self.samples) > _MOST_SAMPLES:
            del self.samples[1::2]
            self._sampled_each *= 2

    def shown(self) -> _Shown:
        """What the terminal shows now."""
        left_s = self._left[0] - (time.monotonic() - self._left[1]) if self._left else None
        phase = CLOSING if self.is_closed else phase_of(self._progress, self._first, reported.activity())
        share = self._clock.share(self._progress)
        return _Shown(phase, time.monotonic() - self._started, self._progress, share=share, left_s=left_s)

    def _list_ended(self) -> None:
        progress = self._progress
        if progress.recordings is None or _lines_of(self._latest) > MOST_LISTED:
            return
        for ended in reported.ended():
            if ended not in self._listed:
                self._listed.append(ended)
                print_recording(self._console, ended, tells_files=self._tells_files)


def _lines_of(counts: Mapping[str, int]) -> int:
    return counts.get("ReadManifest.passed", 0) + counts.get("ReadManifest.failed", 0) + counts.get(FOUND, 0)


def print_recording(console: Console, ended: Ended, *, tells_files: bool = False) -> None:
    """Prints one line for a recording that ended.

    Args:
      tells_files: Whether to tell the file of one that did not complete and that no manifest names.
    """
    console.print(recording_line(ended if tells_files else ended._replace(file=None)), highlight=False, soft_wrap=True)


def recording_line(ended: Ended) -> Text:
    """One line for a recording that ended: `completed   call-17   2:05, 9 findings, 6.2 s muted, verified`."""
    status = Text(f"{ended.status:11} ", style=_STATUS_STYLES.get(ended.status, ""))
    name = printable(ended.recording_id or ended.where)
    if ended.duration_s is None:
        detail = f"{ended.detail} ({urls.display(ended.file)})" if ended.file else ended.detail
        return status.append(f"{name:20}  ", style="default").append(printable(detail), style="default")
    muted = f", {ended.muted_s:.1f} s muted" if ended.muted_s else ""
    verification = _VERIFICATION.get(ended.detail, ended.detail)
    findings = counted(ended.findings, "finding")
    facts = f"{name:20}  {clock_time(ended.duration_s)}, {findings}{muted}, {verification}"
    return status.append(facts, style="default")


class _Shown:
    """What a command does now, in one line for logs, or in two or three lines for a terminal of any width."""

    def __init__(
        self,
        phase: str,
        elapsed_s: float,
        progress: Progress | None = None,
        *,
        share: float = 0.0,
        left_s: float | None = None,
        done: str = "",
    ) -> None:
        self._done = done
        self.phase = phase
        self._elapsed_s = elapsed_s
        self._progress = progress or Progress()
        self._share = share
        self._left = "" if left_s is None else f"about {clock_time(left_s)} left" if left_s >= 1 else "nearly done"

    def __str__(self) -> str:
        facts = ", ".join(fact for fact in (self._audio(), *self._facts(), self._left) if fact)
        return f"{self.phase}: {facts}" if facts else self.phase

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        # The last column stays free: some terminals wrap a full line.
        width, ascii_only = max(options.max_width - 1, 1), options.ascii_only
        yield Group(*(line(width, ascii_only) for line in self._layout(width)))

    def _layout(self, width: int) -> list[Callable[[int, bool], RenderableType]]:
        phase, facts = self.phase[:1].upper() + self.phase[1:], ", ".join(self._facts())
        if not self._share and not self._progress.measured_s:
            heading = _text(f"{phase} ({clock_time(self._elapsed_s)})")
            return [heading, _text(facts)] if facts else [heading]
        beside = "  ".join(part for part in (self._audio(), self._left) if part)
        if width >= len(phase) + len(beside) + _LEAST_BAR + 2:
            lines = [_bar(phase, self._share, beside)]
        elif width >= len(beside) + _LEAST_BAR + 1:
            lines = [_text(phase), _bar("", self._share, beside)]
        else:
            lines = [_text(f"{phase}{', ' if self._left else ''}{self._left}"), _bar("", self._share, self._audio())]
        return [*lines, _text(facts)] if facts else lines

    def _audio(self) -> str:
        progress = self._progress
        if not progress.audio_s:
            return ""
        done_s = progress.transcribed_s if self.phase == TRANSCRIBING else progress.afterwards_s
        if progress.is_measured:
            return f"{clock_time(done_s)} of {clock_time(progress.audio_s)} of audio"
        if progress.measured_share:
            return f"{clock_time(done_s)} of at least {clock_time(progress.measured_s)} of audio"
        return f"{clock_time(done_s)} of audio"

    def _facts(self) -> list[str]:
        progress = self._progress
        facts = [self._done] if self._done else []
        if progress.recordings is not None and (progress.recordings or not progress.skipped):
            facts.append(f"{progress.committed} of {counted(progress.recordings, 'recording')} done")
        elif progress.committed:  # some runners report the total late
            facts.append(f"{counted(progress.committed, 'recording')} done")
        if progress.findings:
            facts.append(counted(progress.findings, "finding"))
        if progress.skipped:
            facts.append(f"{progress.skipped} skipped")
        if progress.lost:
            facts.append(f"{progress.lost} failed or quarantined")
        return facts


def _text(text: str) -> Callable[[int, bool], RenderableType]:
    return lambda width, ascii_only: Text(
        text[:width] if ascii_only else text, no_wrap=True, overflow="crop" if ascii_only else "ellipsis"
    )


def _bar(before: str, share: float, after: str) -> Callable[[int, bool], RenderableType]:
    def drawn(width: int, ascii_only: bool) -> RenderableType:
        room = width - sum(len(part) + 1 for part in (before, after) if part)
        bar = ProgressBar(total=1.0, completed=share, width=max(min(room, _MOST_BAR), 1))
        cells: list[RenderableType] = [_cell(before), bar, _cell(after)] if before else [bar, _cell(after)]
        line = Table.grid(padding=(0, 1, 0, 0))
        for _ in cells:
            line.add_column(no_wrap=True, overflow="crop")
        line.add_row(*cells)
        return line

    return drawn


def _cell(text: str) -> Text:
    return Text(text, no_wrap=True, overflow="crop")


_open: list[Live] = []


@contextmanager
def _shown(console: Console, current: Callable[[], _Shown]) -> Iterator[None]:
    """Shows what `current` gives during the block: always on a terminal, now and then elsewhere."""
    if console.is_terminal and not console.is_dumb_terminal:

        def shown() -> RenderableType:
            try:
                return current()
            except Exception:  # noqa: BLE001 - a bar that cannot be drawn must not end a night's run
                return ""

        live = Live(get_renderable=shown, console=console, transient=True, refresh_per_second=4)
        _open.append(live)
        try:
            with live:
                yield
        finally:
            _open.remove(live)
        return
    lines = _Lines(console, current)
    with _repeated(lines.print_news, _LOOK_S):
        yield


class _Lines:
    """Lines for a log: one when the phase of a run changes, and one now and then."""

    def __init__(self, console: Console, current: Callable[[], _Shown]) -> None:
        self._console = console
        self._current = current
        self._phase = ""
        self._printed = time.monotonic()

    def print_news(self) -> None:
        shown, now = self._current(), time.monotonic()
        is_new = shown.phase != self._phase and shown.phase in _LOGGED
        if is_new or now - self._printed >= _PLAIN_S:
            self._phase, self._printed = shown.phase, now
            self._console.print(f"{datetime.now():%H:%M:%S} {shown}", highlight=False, markup=False, soft_wrap=True)


_LOGGED = frozenset({LOADING, TRANSCRIBING, VERIFYING, CLOSING})
"""Phases that a log names when they begin. The others are short, unless they are still there after half a minute."""


@contextmanager
def _repeated(work: Callable[[], None], every_s: float) -> Iterator[threading.Thread]:
    """Calls `work` in a thread of its own, at once and then every few seconds."""
    over = threading.Event()

    def repeat() -> None:
        work()
        while not over.wait(every_s):
            work()

    thread = threading.Thread(target=repeat, name="progress", daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        over.set()
        thread.join(_LAST_LOOK_S)
