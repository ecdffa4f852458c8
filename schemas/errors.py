"""Exceptions that end a recording or a run. Imports nothing, so that a decoder's child process stays small."""

from __future__ import annotations


class RecordingError(Exception):
    """Ends one recording, never the run. The message must hold no personal data.

    Any other exception that a stage raises for a recording ends that recording too, as `unexpected`: see
    `hushbeam.transforms.base.each_recording`.
    """

    status = "failed"
    retryable = False
    remedy = ""
    """What to do about it, as docs/reference/failures.md says."""


class QuarantineError(RecordingError):
    """The recording was processed, but its output is not safe to publish."""

    status = "quarantined"


class ConfigurationError(Exception):
    """The job cannot run as configured: a model, device, credential or folder is missing or wrong.

    Ends the job before any recording is processed. The message names the option and the remedy.
    """


class RunError(Exception):
    """Ends the run: something that every recording needs has failed, such as a model, a process or the run lock.

    The message holds no personal data, and names a remedy if there is one.
    """


FROM_CHECKOUT = "in the checkout, or with the path of the wheel for the dot"
"""For messages: there is no Hushbeam at a package index to name."""


def installs(extra: str) -> str:
    """How an extra of Hushbeam is installed, for messages."""
    return f"pip install '.[{extra}]' {FROM_CHECKOUT}"
