"""Finds the processes that a worker starts for decoding."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

import psutil


def fork_server(worker: int | None = None) -> int:
    """A worker's fork server; this process's, if none is named."""
    (server,) = [
        child for child in _children(worker or os.getpid()) if "hushbeam.transforms.media.child_jobs" in child.cmdline()
    ]
    return server.pid


def decoders() -> list[int]:
    """The children that decode for this process now."""
    return [child.pid for child in _children(fork_server())]


def has_open(process: int, file: Path) -> bool:
    """Whether a process has a file open; one that is gone has none."""
    try:
        return any(os.path.samestat(opened.stat(), file.stat()) for opened in Path(f"/proc/{process}/fd").iterdir())
    except OSError:
        return False


def wait_until_gone(process: int) -> None:
    """Returns when a process has ended."""
    deadline = time.monotonic() + 30
    with suppress(psutil.NoSuchProcess):
        watched = psutil.Process(process)
        while not has_ended(watched):
            assert time.monotonic() < deadline, "the process is still there"
            time.sleep(0.01)


def has_ended(process: psutil.Process) -> bool:
    """Whether it is gone, or waits for its parent to notice."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _children(parent: int) -> list[psutil.Process]:
    return [child for child in psutil.Process(parent).children() if not has_ended(child)]
