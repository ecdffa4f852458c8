"""Progress of a run in a notebook, and on the standard error of a script."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

from hushbeam.pipelines.running.consoles import remarks
from hushbeam.pipelines.running.reporting.progress import progress_of
from hushbeam.pipelines.running.terminal import watching
from hushbeam.transforms.base import progress
from hushbeam.transforms.base.plurals import counted

_LOOK_S = 0.5

Look = Callable[[], None]
"""Shows the progress of now. Called again and again in the caller's thread."""


@contextmanager
def shown_progress(*, show: bool) -> Iterator[Look]:
    """Shows the progress of the run of this process during a block: a bar in a notebook or a terminal, else lines."""
    if not show:
        yield lambda: None
    elif is_notebook():
        with _Bar() as bar:
            yield bar.look
    else:
        progress.reset()
        with watching(remarks(), progress.counts_now, _LOOK_S):
            yield lambda: None


def is_notebook() -> bool:
    """Whether this process is the kernel of a notebook, which shows HTML. IPython is not imported for it."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return shell is not None and hasattr(shell, "kernel")


def bar_html(counts: Mapping[str, int], elapsed_s: float) -> str:
    """The bar and its line. It holds counts only."""
    now = progress_of(counts)
    total = now.recordings
    ended = min(now.ended, total or 0)
    parts = [f"{ended} of {counted(total, 'recording')}" if total else "loading models", f"{elapsed_s:.0f} s"]
    parts += [f"{now.transcribed_s / 60:.1f} minutes transcribed"] * bool(now.transcribed_s)
    parts += [f"{now.skipped} up to date"] * bool(now.skipped)
    parts += [f"{now.lost} failed or quarantined"] * bool(now.lost)
    value = f' value="{ended}" max="{total}"' if total else ""
    return f'<progress{value} style="width: 20em"></progress> {", ".join(parts)}'


class _Bar:
    """An output of the notebook's cell that is replaced, and removed at the end: the result says what came out."""

    def __enter__(self) -> _Bar:
        shown: Any = import_module("IPython.display")  # there in a notebook, and nowhere else
        progress.reset()
        self._html: Callable[[str], Any] = shown.HTML
        self._started = time.monotonic()
        self._handle = shown.display(self._html(bar_html({}, 0)), display_id=True)
        return self

    def __exit__(self, *error: object) -> None:
        self._show("")

    def look(self) -> None:
        """Shows the progress of now."""
        self._show(bar_html(progress.counts_now(), time.monotonic() - self._started))

    def _show(self, html: str) -> None:
        with suppress(Exception):  # a page that cannot be updated must not end a run
            self._handle.update(self._html(html))
