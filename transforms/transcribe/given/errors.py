"""Errors of given transcripts. Messages name places and keys of the file, never its words."""

from __future__ import annotations

from hushbeam.schemas.errors import RecordingError


class UnusableTranscriptError(RecordingError):
    """The given transcript cannot be read: it is damaged, too large or of an unknown format."""


class WrongTranscriptError(RecordingError):
    """The given transcript does not fit the recording, so it probably belongs to another one."""
