"""What ends a recording, and what ends a run. Imports nothing, so that a decoder's child process stays small."""

from __future__ import annotations


class RecordingError(Exception):
    """Ends one recording, never the run. Subclasses say how; the message must hold no personal data.

    What else is raised while one recording is worked on ends that recording as well, as `unexpected`: see
    `hushbeam.transforms.base.each_recording`.
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


class RunError(Exception):
    """Ends the run: what every recording needs has failed, such as a model, a process, or the hold on the output.

    The message holds no personal data, and says what to do where something can be done.
    """
