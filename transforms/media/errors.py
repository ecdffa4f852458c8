"""Errors of recordings whose audio cannot be decoded or encoded safely."""

from __future__ import annotations

from hushbeam.schemas.errors import RecordingError


class MediaError(RecordingError):
    """The file cannot be decoded to audio that is known to be whole, or its redacted copy cannot be written.

    Attributes:
      message: Without the reason.
      reason: Stable, for grouping and tests: `unsupported`, `no_audio`, `corrupt`, `truncated`, `gap`,
        `length_disagrees`, `too_long`, `too_large`, `too_many_channels`, `sample_rate`, `format_changes`,
        `identity_differs`, `span_outside`, `captions_inside`, `not_encodable`, `not_written`, `not_readable`; and for
        the decoder's process: `decoder_memory`, `decoder_time`, `decoder_crashed`.
    """

    def __init__(self, reason: str, message: str, *, retryable: bool = False) -> None:
        super().__init__(f"{reason}: {message}")
        self.message = message
        self.reason = reason
        self.retryable = retryable


def decoder_memory() -> MediaError:
    """The decoder needs more memory than it may take: nearly always because of a size in a damaged header."""
    return MediaError("decoder_memory", "the decoder needs more memory than --decoder_memory_mb allows")
