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

    remedy = "See the reasons below."

    def __init__(self, reason: str, message: str, *, retryable: bool = False) -> None:
        super().__init__(f"{reason}: {message}")
        self.message = message
        self.reason = reason
        self.retryable = retryable


REASONS = {
    "unsupported": ("The format is not among those that are read", "Convert the file"),
    "no_audio": ("The file has no audio track", "Remove the line"),
    "corrupt": ("The file is damaged", "Restore it from a copy"),
    "truncated": ("The file is shorter than it states", "Upload it again"),
    "gap": ("More than 0.1 s is missing between two timestamps", "Restore the file, or convert it"),
    "length_disagrees": ("The audio has not the stated length, or goes on after its stated end", "Convert the file"),
    "too_long": ("The recording is longer than the limit", "Raise --max_recording_hours"),
    "too_large": ("The file, or its samples, are larger than the limit", "Raise --max_recording_gb, or split it"),
    "too_many_channels": ("The recording has more channels than are allowed", "Convert the file"),
    "sample_rate": ("The sample rate is outside the limits", "Convert the file"),
    "format_changes": ("Rate, channels or sample format change midway", "Convert the file"),
    "identity_differs": ("The second reading gave other samples than the first", "Run again"),
    "span_outside": ("A span to mute lies outside the recording", "Report it"),
    "captions_inside": ("The pictures may hold text that cannot be removed", "Request mp3, wav or flac, or convert it"),
    "not_encodable": ("The redacted audio cannot be encoded in this format", "Request another quality, such as flac"),
    "not_written": ("The redacted audio cannot be written to the local disk", "Free the disk, and run again"),
    "not_readable": ("The file cannot be read", "Check its permissions"),
    "decoder_memory": (
        "The decoder needs more memory than it may take",
        "Raise --decoder_memory_mb, or convert the file",
    ),
    "decoder_time": ("The decoder takes longer than it may", "Convert the file"),
    "decoder_crashed": ("The decoder ended by a crash", "Run again; convert the file if it returns"),
}
"""Each reason of a `MediaError` with its cause and what to do."""


def decoder_memory() -> MediaError:
    """The decoder needs more memory than it may take: nearly always because of a size in a damaged header."""
    return MediaError("decoder_memory", "the decoder needs more memory than --decoder_memory_mb allows")
