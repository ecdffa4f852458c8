"""Consoles of commands: remarks on standard error, results on standard output.

Remarks that cannot be written (full disk, closed pipe, closed terminal) are dropped, and the job continues: a night's
work is worth more. If a result cannot be written, the command ends with an error and status 1; without the error if the
reader of a pipe has ended.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import IO, Any, TextIO, cast

from rich.console import Console
from rich.markup import escape

from hushbeam.schemas.errors import RunError

_WIDTH_OF_A_PIPE = 200
"""Width of tables; other lines in a pipe are never wrapped."""


class ReaderGoneError(RunError):
    """The reader of a pipe has ended, as `head` does: it wanted no more, so the command ends without a message."""


def remarks() -> Console:
    """Standard error; text that cannot be written is dropped."""
    open_missing_streams()
    return _console(_Lossy(sys.stderr))


def results() -> Console:
    """Standard output; printing raises `RunError` if it cannot be written, `ReaderGoneError` if nobody reads it."""
    open_missing_streams()
    return _console(_Needed(sys.stdout))


def print_remarks(told: Iterable[str], console: Console) -> None:
    """Prints what a person should know before a job begins, a line each."""
    for remark in told:
        console.print(f"[yellow]Note:[/] {escape(remark)}", highlight=False, soft_wrap=True)


def clock_time(seconds: float, *, tenths: bool = False) -> str:
    """`2:05`, `1:02:05`; with tenths `2:05.3`."""
    whole, part = divmod(max(round(seconds * 10), 0), 10) if tenths else (max(round(seconds), 0), 0)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{part}" if tenths else ""
    return f"{hours}:{minutes:02}:{rest:02}{fraction}" if hours else f"{minutes}:{rest:02}{fraction}"


def printable(text: str) -> str:
    """A name for a terminal, without characters that move the cursor or erase earlier lines."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape", "surrogatepass").decode()
        for character in text
    )


def _console(stream: _Stream) -> Console:
    """A console that wraps lines between words on a terminal, and not at all in a pipe or a file."""
    if stream.isatty():
        return Console(file=cast(IO[str], stream))
    return Console(file=cast(IO[str], stream), soft_wrap=True, width=_WIDTH_OF_A_PIPE)


def open_missing_streams() -> None:
    """Opens /dev/null for each of standard input, output and error that this process was started without.

    Otherwise the next file that is opened gets its descriptor, and output of libraries is written into that file.
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
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115, PTH123 - open as long as the process


class _Stream:
    """A text stream for a console; characters outside its encoding are escaped."""

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


class _Lossy(_Stream):
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
        except (OSError, ValueError) as error:
            raise _unwritten(error) from None

    def flush(self) -> None:
        try:
            self._stream.flush()
        except (OSError, ValueError) as error:
            raise _unwritten(error) from None


def _unwritten(error: Exception) -> RunError:
    kind = ReaderGoneError if isinstance(error, BrokenPipeError) else RunError
    return kind("the result cannot be written to standard output")
