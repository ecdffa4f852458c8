"""What a recording may be, and what reading it may cost."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hushbeam.transforms.media.errors import MediaError

_GIB = 2**30

_WIDER = 64
"""How many times more bytes a copy's samples may have: 8 of 64 bits at 48 kHz for one of 8 bits at 6."""

_PADDING_S = 1.0
"""Encoders fill up their last frame."""


@dataclass(frozen=True)
class MediaLimits:
    """What a recording may cost, enforced while it streams: headers are not believed.

    Attributes:
      max_duration_s: Of the decoded sound.
      max_channels: Of the first audio track.
      min_rate_hz, max_rate_hz: Of the decoded sound.
      max_decoded_bytes: Of native samples in all.
      max_source_bytes: Of the file.
      decoder_memory_bytes: What one decoder may take, beside the code that all share.
      decode_s: Seconds that a worker waits for a decoder in all, whatever the length of the sound.
      decode_s_per_hour: And for each hour of sound that has been decoded.
      require_confinement: Nothing is decoded on a machine that lacks one of a decoder's locks.
    """

    max_duration_s: float = 12 * 3600.0
    max_channels: int = 8
    min_rate_hz: int = 4_000
    max_rate_hz: int = 192_000
    max_decoded_bytes: int = 64 * _GIB
    max_source_bytes: int = 16 * _GIB
    decoder_memory_bytes: int = _GIB // 2
    decode_s: float = 60.0
    decode_s_per_hour: float = 600.0
    require_confinement: bool = False

    def check_size(self, size_bytes: int) -> None:
        """Raises `MediaError` if a file is too large to be read."""
        if size_bytes > self.max_source_bytes:
            raise MediaError("too_large", f"the file is larger than {self.max_source_bytes} bytes")

    @property
    def of_outputs(self) -> MediaLimits:
        """For redacted copies: of another codec than the source's, they may be larger, and longer by a frame.

        A source that was within its limits has no copy beyond these.
        """
        decoded = _WIDER * self.max_decoded_bytes
        return replace(
            self,
            max_duration_s=self.max_duration_s + _PADDING_S,
            max_decoded_bytes=decoded,
            max_source_bytes=2 * self.max_source_bytes + decoded,
        )

    @property
    def longest_decode_s(self) -> float:
        """For the longest recording that is allowed."""
        return self.decode_s + self.decode_s_per_hour * self.max_duration_s / 3600
