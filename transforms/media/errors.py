"""What ends a recording whose sound cannot be read or written safely."""

from __future__ import annotations

from hushbeam.schemas.errors import RecordingError


class MediaError(RecordingError):
    """The file cannot be decoded to sound that we trust, or its redacted copy cannot be written.

    Attributes:
      message: Without the reason.
      reason: Stable, for grouping and tests: `unsupported`, `no_audio`, `corrupt`, `truncated`, `gap`,
        `length_disagrees`, `too_long`, `too_large`, `too_many_channels`, `sample_rate`, `format_changes`,
        `identity_differs`, `span_outside`, `captions_inside`, `not_encodable`, `not_written`, `not_readable`; and of
        the process that decodes: `decoder_memory`, `decoder_time`, `decoder_crashed`.
    """

    def __init__(self, reason: str, message: str, *, retryable: bool = False) -> None:
        super().__init__(f"{reason}: {message}")
        self.message = message
        self.reason = reason
        self.retryable = retryable


def decoder_memory() -> MediaError:
    """The file asks for more memory than one decoder may take: nearly always a size in a damaged header."""
    return MediaError("decoder_memory", "the decoder asks for more memory than --decoder_memory_mb allows")
