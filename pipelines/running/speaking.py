"""What commands say: never the reason why a job ends, and never written into another file.

Remarks go to standard error. Where nobody takes them (a full disk, a reader that ended, a closed terminal) they are
lost, and the job goes on: a night's work is worth more. What came of a command goes to standard output; where that
cannot be written, the command says so and ends with 1.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import IO, Any, TextIO, cast

from rich.console import Console

from hushbeam.schemas.errors import RunError


def remarks() -> Console:
    """Standard error, whether or not somebody takes it."""
    open_missing_streams()
    return Console(file=cast(IO[str], _Heard(sys.stderr)))


def results() -> Console:
    """Standard output. What is printed there raises `RunError` where it cannot be written."""
    open_missing_streams()
    return Console(file=cast(IO[str], _Needed(sys.stdout)))


def open_missing_streams() -> None:
    """Opens what this process was started without, of standard input, output and error: nothing is in their place.

    Otherwise the next file that is opened takes it, and whatever a library prints is written into that file.
    """
    for descriptor, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(descriptor)
        except OSError:
            opened = os.open(os.devnull, os.O_RDONLY if mode == "r" else os.O_WRONLY)
            if opened != descriptor:
                os.dup2(opened, descriptor)
                os.close(opened)
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115, PTH123 - for as long as the process runs


class _Stream:
    """A text stream as a console writes to it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except UnicodeEncodeError:
            encoding = self._stream.encoding
            return self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


class _Heard(_Stream):
    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()


class _Needed(_Stream):
    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except (OSError, ValueError):
            raise _unwritten() from None

    def flush(self) -> None:
        try:
            self._stream.flush()
        except (OSError, ValueError):
            raise _unwritten() from None


def _unwritten() -> RunError:
    return RunError("what came of it cannot be written to standard output")
