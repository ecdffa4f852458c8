"""Freed memory that the C library keeps: it would let a worker grow with its night.

glibc keeps what is freed for each of up to eight heaps a core, and the tensors of a batch are as large as a model: what
batch after batch leaves in the heaps of many threads comes to more than the job needs. Here threads share few heaps, so
that each batch takes the memory of the last, and what is free on them goes back to the system when the process has
grown. With another C library nothing is done.
"""

from __future__ import annotations

import ctypes
import os
import threading
import time
from pathlib import Path

_MIB = 1024 * 1024
_STATM = Path("/proc/self/statm")

# Parameters of glibc's mallopt, as its malloc.h numbers them.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8

_HEAPS = 2
_LARGEST_ON_A_HEAP = 32 * _MIB
_MOST_FREE_AT_THE_END = 1024 * _MIB
_GROWTH = 32 * _MIB
_LONGEST_KEPT_S = 5.0


class _Process:
    """This process. Safe to use from several threads."""

    def __init__(self) -> None:
        library = ctypes.CDLL(None)
        self._lock = threading.Lock()
        self._held_bytes = 0
        self._gave_back_s = 0.0
        self._trim = getattr(library, "malloc_trim", None) if _STATM.exists() else None
        self._set = getattr(library, "mallopt", None) if self._trim is not None else None

    def keep_few_heaps(self) -> None:
        if self._set is not None:
            self._set(_ARENA_MAX, _HEAPS)
            self._set(_MMAP_THRESHOLD, _LARGEST_ON_A_HEAP)
            # Else each freed tensor would go back by itself, and the next one's pages would be made anew.
            self._set(_TRIM_THRESHOLD, _MOST_FREE_AT_THE_END)

    def give_back_freed(self) -> bool:
        if self._trim is None or not self._lock.acquire(blocking=False):
            return False
        try:
            # What it held the last time was in use then, which need not be so for long.
            waited_s = time.monotonic() - self._gave_back_s
            if resident_bytes() <= self._held_bytes + _GROWTH and waited_s < _LONGEST_KEPT_S:
                return False
            self._trim(0)
            self._held_bytes, self._gave_back_s = resident_bytes(), time.monotonic()
            return True
        finally:
            self._lock.release()


_PROCESS = _Process()


def keep_few_heaps() -> None:
    """Lets the threads that this process starts from now on share few heaps."""
    _PROCESS.keep_few_heaps()


def give_back_freed() -> bool:
    """Gives freed memory back, if the process has grown since the last time, or that is a while ago.

    For whoever has just finished something: mostly it costs next to nothing. Says whether anything was done.
    """
    return _PROCESS.give_back_freed()


def resident_bytes() -> int:
    """Memory that this process holds now."""
    return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
