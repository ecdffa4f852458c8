"""Keeps what is in a process's memory out of files and from other processes of the same user.

A core dump holds samples and words, and a debugger of the same user reads them. So every process that works on
recordings gives both up: it writes no core dump, and nobody but the superuser can look into it.
"""

from __future__ import annotations

import ctypes
import resource

_PR_SET_DUMPABLE = 4


def keep_memory_private() -> None:
    """Gives up core dumps and debuggers for this process; processes that it starts write no core dump either.

    Raises:
      OSError: The system refuses. Nothing may be heard or read then.
    """
    # The upper limit stays: a program that runs a job in its own process may have other plans for its children.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_DUMPABLE) is refused")
