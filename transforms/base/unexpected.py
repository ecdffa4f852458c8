"""Unexpected errors: which of them end the run, and messages about them that hold no values."""

from __future__ import annotations

import errno
import threading
import traceback
from concurrent.futures import BrokenExecutor
from pathlib import Path

from hushbeam.schemas.errors import ConfigurationError, RecordingError, RunError
from hushbeam.schemas.failure import UNEXPECTED

MOST_IN_A_ROW = 20
"""Most recordings in a row that may end with the same unexpected error at the same place; one more ends the run.

An error that concerns one kind of recording is rare: at one in ten, twenty in a row come by chance once in 10^20. An
error that concerns all (a model, a library, a combination of options) is noticed after twenty, before a whole run is
spent on rows of errors. A run of only that kind reaches the limit too: it then ends with an error, and published
outputs stay.
"""

_OWN = Path(__file__).parents[2]
_OF_THE_MACHINE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSYS})
_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO})


class StageDefectError(RunError):
    """A stage cannot continue: no memory, no open files, or the same unexpected error again and again.

    The message names the stage, the class of the error and the place in the code. It never repeats the original
    message, because libraries quote the text that they failed on.
    """


class UnexpectedError(RecordingError):
    """An error that no code foresaw.

    Attributes:
      place: The error's class, where it was raised, and where Hushbeam's code called it.
    """

    remedy = "Report the message: it names the place in the code and no data."

    def __init__(self, error: BaseException) -> None:
        self.place = place_of(error)
        full = isinstance(error, OSError) and error.errno in _DISK_FULL
        self.retryable = full
        super().__init__(
            f"{self.place}; "
            + (
                "the disk is full or cannot be written: free some space, and run the job again"
                if full
                else "this is a defect of Hushbeam or of a library: please report the class and the place"
            )
        )


class InARow:
    """Counts recordings in a row that end with the same unexpected error. One instance per stage and process.

    Recordings that end with a `RecordingError` do not count: they may not have reached the broken code.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._place = ""
        self._count = 0

    def passed(self) -> None:
        """Notes that a recording passed the stage."""
        with self._lock:
            self._count = 0

    def ended(self, place: str) -> bool:
        """Counts a recording that ended at `place`; returns whether that is one too many."""
        with self._lock:
            self._count = self._count + 1 if place == self._place else 1
            self._place = place
            return self._count > MOST_IN_A_ROW

    def checked(self, error: Exception, stage: str) -> UnexpectedError:
        """The exception that ends the recording for which `error` was raised.

        Args:
          stage: Its name, for messages.

        Raises:
          StageDefectError: The error ends the run: it concerns every recording, or came too often in a row.
        """
        if ends_the_run(error):
            raise StageDefectError(f"{stage} failed with {place_of(error)}") from None
        unexpected = UnexpectedError(error)
        if self.ended(unexpected.place):
            raise StageDefectError(
                f"{stage} ended more than {MOST_IN_A_ROW} recordings in a row with {unexpected.place}"
            ) from None
        return unexpected


def error_class(error: RecordingError) -> str:
    """The `Failure.error_class` of an error."""
    return UNEXPECTED if isinstance(error, UnexpectedError) else type(error).__name__


def release_frames(error: BaseException) -> None:
    """Lets go of the frames that an error and its causes came through, and so of the recording that they hold.

    A future holds its error, whose frames hold the future: otherwise the recording, with the copy of its source, would
    stay until Python next searches for such circles, which in a large process may be hours.
    """
    unreleased: list[BaseException | None] = [error]
    while unreleased:
        each = unreleased.pop()
        if each is not None and each.__traceback__ is not None:
            each.__traceback__ = None
            unreleased += (each.__cause__, each.__context__)


def ends_the_run(error: BaseException) -> bool:
    """Whether an error concerns every recording: configuration, a model, memory, a process."""
    return isinstance(error, ConfigurationError | RunError | MemoryError | BrokenExecutor) or (
        isinstance(error, OSError) and error.errno in _OF_THE_MACHINE
    )


def place_of(error: BaseException) -> str:
    """The class of an error and its place in the code, without its message."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return type(error).__name__
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames]
    own = [place for place, frame in zip(places, frames, strict=True) if Path(frame.filename).is_relative_to(_OWN)]
    called = f", called at {own[-1]}" if own and own[-1] != places[-1] else ""
    return f"{type(error).__name__} at {places[-1]}{called}"
