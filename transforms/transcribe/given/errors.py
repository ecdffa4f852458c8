"""Errors of given transcripts. Messages name places and keys of the file, never its words."""

from __future__ import annotations

from hushbeam.schemas.errors import RecordingError


class UnusableTranscriptError(RecordingError):
    """The given transcript cannot be read: it is damaged, too large or of an unknown format."""

    remedy = "Replace the file or fix `transcript_url`; without the key, the recording is transcribed."


class WrongTranscriptError(RecordingError):
    """The given transcript does not fit the recording, so it probably belongs to another one."""

    remedy = "Point `transcript_url` to the transcript of this recording, or remove the key."
