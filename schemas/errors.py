"""What ends a recording, and what ends a job. Imports nothing, so that a decoder's child process stays small."""

from __future__ import annotations


class RecordingError(Exception):
    """Ends one recording, never the job. Subclasses say how; the message must hold no personal data.

    Programming errors, missing models and memory errors are not failures of a recording: they are not of this
    class, and raise.
    """

    status = "failed"
    retryable = False


class QuarantineError(RecordingError):
    """The recording was processed, and what came out is not safe to publish."""

    status = "quarantined"


class ConfigurationError(Exception):
    """The job cannot run as it was configured: a model, a device, a credential or a folder is not what it should be.

    Ends the job before any recording is touched. The message names the option and what to do.
    """
