"""What this process is doing, for the terminal's progress display of a local run.

Counts of stages, audio that is transcribed or verified so far, long activities such as loading a model, and recordings
that have ended. Beam's metrics hold the same counts, but a local runner shows them only when the job has ended. A job
on a cluster is followed by its metrics (`pipelines/running/reporting/following.py`); these reports are then not read.
Each costs under a microsecond: in the engine, reports for each window of 5 minutes of speech cannot be measured (9.51,
9.48, 9.61 s of processor time with them; 9.68, 9.55, 9.44 s without).
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import NamedTuple

COMMITTED = "Commit.passed"
"""The count of recordings that are public."""
COMMITTED_AUDIO = "committed_milliseconds"
"""The count of their audio."""
TRANSCRIBED_AUDIO = "audio_milliseconds"
"""The count of audio in recordings, or spans, that are transcribed to their end."""
TRANSCRIBED_BYTES = "transcribed_bytes"
"""The size of the sources of that audio."""
PENDING_BYTES = "SkipFinished.pending_bytes"
"""The size of all sources that this run must process."""

LINES_AHEAD = "now.lines_ahead"
"""The count of manifest lines that later parts of the run read."""

FOUND = "Published.found"
"""The count of published recordings that are redacted again, without a manifest."""

TRANSCRIBED = "now.transcribed_milliseconds"
"""Audio that is transcribed, also in recordings under way. Of this process only, like all that begin with `now.`."""
MEASURED = "now.measured_milliseconds"
"""Audio of recordings whose length is known, because they were opened."""
MEASURED_BYTES = "now.measured_bytes"
"""The size of their sources."""
MUTED = "now.muted_milliseconds"
"""Audio that is muted, or needs no muting."""
VERIFIED = "now.verified_milliseconds"
"""Audio that is verified, also in recordings under way."""

_NOW = "now."
_MOST_ENDED = 64

_lock = threading.Lock()
_counts: Counter[str] = Counter()
_activities: list[str] = []
_ended: list[Ended] = []


class Ended(NamedTuple):
    """A recording that ended, for the operator's own terminal.

    Attributes:
      recording_id: As in the outputs: a hash with `--hash_identities`; None for a manifest line without a recording.
      status: `completed`, `failed` or `quarantined`.
      detail: The outcome of its verification, or why it did not complete.
      duration_s, muted_s: None if it did not complete; muted seconds are those in which any channel is muted.
      where: The manifest's file and line, if it has no id.
      file: Its source, as in `errors/`, if it did not complete and no manifest names it.
    """

    recording_id: str | None
    status: str
    detail: str
    duration_s: float | None = None
    findings: int = 0
    muted_s: float | None = None
    where: str = ""
    file: str | None = None


def report(name: str, amount: int = 1) -> None:
    """Adds to a count such as `Transcribe.passed`. Names hold no ids and no values."""
    with _lock:
        _counts[name] += amount


def counts() -> Mapping[str, int]:
    """A copy of all counts since `reset` that Beam's metrics have too."""
    return MappingProxyType({name: count for name, count in counts_now().items() if not name.startswith(_NOW)})


def counts_now() -> Mapping[str, int]:
    """A copy of all counts since `reset`, with those of recordings under way."""
    with _lock:
        return MappingProxyType(dict(_counts))


def reset() -> None:
    """Sets all counts to zero and forgets ended recordings: one process may run several jobs."""
    with _lock:
        _counts.clear()
        _ended.clear()


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Names what takes a while during the block, in words for users: `loading the speech model`."""
    with _lock:
        _activities.append(what)
    try:
        yield
    finally:
        with _lock:
            _activities.remove(what)


def activity() -> str | None:
    """The oldest of the activities under way."""
    with _lock:
        return _activities[0] if _activities else None


def end(recording: Callable[[], Ended]) -> None:
    """Notes a recording that ended. Only the first are kept, and asked for: a terminal lists those of short runs."""
    with _lock:
        if len(_ended) < _MOST_ENDED:
            _ended.append(recording())


def ended() -> tuple[Ended, ...]:
    """The first recordings that ended since `reset`, in the order of their ends."""
    with _lock:
        return tuple(_ended)


class AudioDone:
    """Reports how much of one recording's audio is done under a count. Never goes back. Safe to call from threads.

    Args:
      size_bytes: Size of its source, of a recording whose length is not reported otherwise.
    """

    def __init__(self, count: str, size_bytes: int = 0) -> None:
        self._count = count
        self._size_bytes: int | None = size_bytes
        self._lock = threading.Lock()
        self._length_ms = 0
        self._done_ms = 0

    def measured(self, length_s: float | None) -> None:
        """Takes the length that the file states, if it does."""
        if length_s is not None:
            self._set_length(round(length_s * 1000))

    def to(self, seconds: float) -> None:
        """Notes that the first seconds are done."""
        with self._lock:
            more = round(seconds * 1000) - self._done_ms
            if more <= 0:
                return
            self._done_ms += more
        report(self._count, more)

    def ended(self, length_s: float | None) -> None:
        """Notes that nothing is left to do.

        Args:
          length_s: Length of the audio; None for a recording that failed, whose rest nobody will do.
        """
        with self._lock:
            length_ms = self._done_ms if length_s is None else max(round(length_s * 1000), self._done_ms)
        self._set_length(length_ms)
        self.to(length_ms / 1000)

    def _set_length(self, length_ms: int) -> None:
        with self._lock:
            more, self._length_ms = length_ms - self._length_ms, length_ms
            size_bytes, self._size_bytes = self._size_bytes, None
        report(MEASURED, more)
        if size_bytes is not None:
            report(MEASURED_BYTES, size_bytes)
