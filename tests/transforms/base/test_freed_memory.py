"""Freed memory goes back to the system, and does not add up over threads."""

import subprocess
import sys

import pytest

_CHURN = """
import ctypes, sys, threading
from hushbeam.transforms.base.freed_memory import give_back_freed, keep_few_heaps, resident_bytes

if sys.argv[1] == "here":
    keep_few_heaps()
before = resident_bytes()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
here = threading.Barrier(8)

def batch() -> None:
    # Small enough for a heap. The last of them stays, so that what lies before it cannot simply fall off the end.
    blocks = [libc.malloc(100_000) for _ in range(200)]
    for block in blocks:
        ctypes.memset(block, 1, 100_000)
    here.wait()
    for block in blocks[:-1]:
        libc.free(block)
    here.wait()

threads = [threading.Thread(target=batch) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
if sys.argv[1] == "here":
    assert give_back_freed()
print(resident_bytes() - before)
"""


def grown_mib(how: str) -> float:
    """By how much a process has grown whose eight threads have allocated 20 MB each, and freed almost all of it."""
    arguments = [sys.executable, "-c", _CHURN, how]
    return int(subprocess.run(arguments, check=True, capture_output=True, text=True).stdout) / 2**20


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the C library is another")
def test_memory_that_threads_freed_goes_back() -> None:
    assert grown_mib("not here") > 100
    assert grown_mib("here") < 20
