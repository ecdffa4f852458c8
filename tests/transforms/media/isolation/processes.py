"""Finds the processes that a worker starts for decoding."""

from __future__ import annotations

import os
import time
from pathlib import Path


def fork_server(worker: int | None = None) -> int:
    """A worker's fork server; this process's, if none is named."""
    (server,) = [child for child in _children(worker or os.getpid()) if b"fork_server" in _command(child)]
    return server


def decoders() -> list[int]:
    """The children that decode for this process now."""
    return _children(fork_server())


def has_open(process: int, file: Path) -> bool:
    """Whether a process has a file open; one that is gone has none."""
    try:
        return any(os.path.samestat(opened.stat(), file.stat()) for opened in Path(f"/proc/{process}/fd").iterdir())
    except OSError:
        return False


def wait_until_gone(process: int) -> None:
    """Returns when a process has ended."""
    deadline = time.monotonic() + 30
    while _state_and_parent(process)[0] != "Z":
        assert time.monotonic() < deadline, "the process is still there"
        time.sleep(0.01)


def _children(parent: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        process = int(stat.parent.name)
        state, its_parent = _state_and_parent(process)
        if its_parent == parent and state != "Z":
            found.append(process)
    return found


def _state_and_parent(process: int) -> tuple[str, int]:
    """A process that is gone counts as dead."""
    try:
        state, parent = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[:2]
    except OSError:
        return "Z", 0
    return state, int(parent)


def _command(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""
