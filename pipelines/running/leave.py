"""End of a command's process."""

from __future__ import annotations

import atexit
import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

_before_leaving: list[Callable[[], None]] = []


def before_leaving(do: Callable[[], None]) -> None:
    """Has something done at the end of the process, such as ending a process that would go on."""
    atexit.register(do)  # for who calls a command's `run` from Python
    _before_leaving.append(do)


def leave(status: int) -> NoReturn:
    """Ends this process at once, after flushing its output.

    Not by `sys.exit`: threads may still compute in a model. If Python exits under them, C++ calls `terminate`, which
    ends the process with SIGABRT and status 134, whatever the job's own status.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # its reader has ended
            stream.flush()
    for do in _before_leaving:
        do()
    logging.shutdown()
    os._exit(status)
