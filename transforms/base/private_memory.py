"""Protection of a process's memory from core dumps and debuggers.

A core dump holds samples and words, and a debugger of the same user can read them. So every process that works on
recordings writes no core dump, and only the superuser can read its memory.
"""

from __future__ import annotations

import ctypes
import resource

_PR_SET_DUMPABLE = 4


def keep_memory_private() -> None:
    """Disables core dumps and debuggers for this process, and core dumps for its child processes.

    Raises:
      OSError: The system refuses. The caller must not process recordings then.
    """
    # The hard limit stays: a program that runs a job in its own process may want core dumps of its children.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_DUMPABLE) is refused")
