"""What nobody foresaw: which errors end one recording, which end the run, and how either is told without a value."""

from __future__ import annotations

import errno
import threading
import traceback
from concurrent.futures import BrokenExecutor
from pathlib import Path

from hushbeam.schemas.errors import ConfigurationError, RecordingError, RunError
from hushbeam.schemas.failure import UNEXPECTED

MOST_IN_A_ROW = 20
"""So many recordings in a row may end with the same unexpected error at the same place; one more ends the run.

What breaks for one kind of recording is rare among others: were it one in ten, twenty in a row would come by chance
once in 10^20. What is broken for all (a model, a library, a combination of options) is known after twenty, before a
night is spent on rows of errors. A folder of nothing but that one kind reaches it as well: then the run ends loudly,
and what is public stays public.
"""

_OWN = Path(__file__).parents[2]
_OF_THE_MACHINE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSYS})
_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO})


class StageDefectError(RunError):
    """What a stage cannot go on with: no memory, no open files, or the same unexpected error again and again.

    Names the stage, the kind of error and the place in the code, never the original message: libraries put the text
    that they choked on into their messages.
    """


class UnexpectedError(RecordingError):
    """Ends one recording with what no code foresaw.

    Attributes:
      place: The error's class, where it was raised, and where our own code called it.
    """

    def __init__(self, error: BaseException) -> None:
        self.place = place_of(error)
        full = isinstance(error, OSError) and error.errno in _DISK_FULL
        self.retryable = full
        super().__init__(
            f"{self.place}; "
            + (
                "the disk is full or cannot be written: make room, and run the job again"
                if full
                else "this is a defect of Hushbeam or of a library: please report the class and the place"
            )
        )


class InARow:
    """Counts the recordings that end one after another in the same unexpected way. One for each stage and process.

    What ends a recording in a foreseen way is passed over: it may never have come to the broken place.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._place = ""
        self._count = 0

    def passed(self) -> None:
        """A recording has passed the stage."""
        with self._lock:
            self._count = 0

    def ended(self, place: str) -> bool:
        """Counts one that has not; tells whether that is one too many."""
        with self._lock:
            self._count = self._count + 1 if place == self._place else 1
            self._place = place
            return self._count > MOST_IN_A_ROW

    def judged(self, error: Exception, stage: str) -> UnexpectedError:
        """What ends the recording in which an error was raised that no code foresaw.

        Args:
          stage: Its name, for messages.

        Raises:
          StageDefectError: It ends the run: it is not of one recording, or there were too many of its kind.
        """
        if ends_the_run(error):
            raise StageDefectError(f"{stage} broke with {place_of(error)}") from None
        unexpected = UnexpectedError(error)
        if self.ended(unexpected.place):
            raise StageDefectError(
                f"{stage} ended more than {MOST_IN_A_ROW} recordings in a row with {unexpected.place}"
            ) from None
        return unexpected


def error_class(error: RecordingError) -> str:
    """What `Failure.error_class` says of an error."""
    return UNEXPECTED if isinstance(error, UnexpectedError) else type(error).__name__


def ends_the_run(error: BaseException) -> bool:
    """Whether an error is not of one recording: a set-up, a model, memory, a process that all need."""
    return isinstance(error, ConfigurationError | RunError | MemoryError | BrokenExecutor) or (
        isinstance(error, OSError) and error.errno in _OF_THE_MACHINE
    )


def place_of(error: BaseException) -> str:
    """The class of an error and its place in the code: nothing that the error says itself."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return type(error).__name__
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames]
    own = [place for place, frame in zip(places, frames, strict=True) if Path(frame.filename).is_relative_to(_OWN)]
    called = f", called at {own[-1]}" if own and own[-1] != places[-1] else ""
    return f"{type(error).__name__} at {places[-1]}{called}"
