"""What ends a recording whose sound cannot be read or written safely."""

from __future__ import annotations

from schemas.failure import RecordingError


class MediaError(RecordingError):
    """The file cannot be decoded to sound that we trust, or its redacted copy cannot be written.

    Attributes:
      reason: Stable, for grouping and tests: `unsupported`, `no_audio`, `corrupt`, `truncated`, `gap`,
        `length_disagrees`, `too_long`, `too_large`, `too_many_channels`, `sample_rate`, `format_changes`,
        `identity_differs`, `span_outside`, `not_encodable`, `not_written`.
    """

    def __init__(self, reason: str, message: str, *, retryable: bool = False) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.retryable = retryable
