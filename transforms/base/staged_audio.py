"""The redacted file that a recording takes along from muting to publishing, on the worker's own disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hushbeam.schemas.stages import MutedRecording


@contextmanager
def removed_on_error(recording: MutedRecording) -> Iterator[None]:
    """Removes the file where the work fails: no later stage would see the recording, and remove it."""
    try:
        yield
    except BaseException:
        if recording.audio is not None:
            Path(recording.audio.path).unlink(missing_ok=True)
        raise
