"""Return of freed memory to the system, so that a worker does not grow during a run.

glibc keeps freed memory in up to eight heaps per core, and the tensors of a batch are as large as a model. What is left
in the heaps of many threads adds up to more than the job needs. Here threads share few heaps, so that each batch reuses
the memory of the last, and free memory goes back to the system when the process has grown. With another C library this
module does nothing.
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
            # Otherwise each freed tensor goes back by itself, and the next one needs new pages.
            self._set(_TRIM_THRESHOLD, _MOST_FREE_AT_THE_END)

    def give_back_freed(self) -> bool:
        if self._trim is None or not self._lock.acquire(blocking=False):
            return False
        try:
            # Memory that was in use at the last time may be free by now, so time counts too.
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
    """Makes threads that this process starts from now on share few heaps."""
    _PROCESS.keep_few_heaps()


def give_back_freed() -> bool:
    """Gives freed memory back if the process has grown since the last time, or some seconds have passed.

    Cheap enough to call after every recording. Returns whether memory was given back.
    """
    return _PROCESS.give_back_freed()


def resident_bytes() -> int:
    """Resident memory of this process."""
    return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
