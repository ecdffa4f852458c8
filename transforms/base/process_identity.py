"""Identities of processes, so that a later process can check whether an earlier one still runs."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path


def machine() -> str | None:
    """A hash that is equal for processes with common process ids; None if it cannot be read."""
    with contextlib.suppress(OSError):
        namespace = Path("/proc/self/ns/pid").readlink()
        return hashlib.sha256(f"{_boot()}{namespace}".encode()).hexdigest()[:16]
    return None


def boot() -> str | None:
    """A hash that is equal for all processes since the kernel started; None if it cannot be read."""
    with contextlib.suppress(OSError):
        return hashlib.sha256(_boot().encode()).hexdigest()[:16]
    return None


def process(number: int) -> str:
    """Id and start time of a process, as the kernel counts it. The start time is needed because ids are reused."""
    try:
        # The command's name, in brackets, may hold spaces; the start time is the 22nd field.
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return f"{number}"
    return f"{number} {fields[19]}"


def has_ended(identity: str) -> bool:
    """Whether a process of this machine has ended.

    Args:
      identity: From `process`.
    """
    return process(int(identity.split(maxsplit=1)[0])) != identity


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text()
