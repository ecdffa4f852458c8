"""End of a command's process."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from typing import NoReturn


def leave(status: int) -> NoReturn:
    """Ends this process at once, after flushing its output.

    Not by `sys.exit`: threads may still compute in a model. If Python exits under them, C++ calls `terminate`, which
    ends the process with SIGABRT and status 134, whatever the job's own status.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # its reader has ended
            stream.flush()
    logging.shutdown()
    os._exit(status)
