"""Limits of a recording and of the processes that decode it: docs/untrusted-media.md."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

from hushbeam.transforms.base.metavar import Metavar
from hushbeam.transforms.media.errors import MediaError

_MIB, _GIB = 2**20, 2**30

_WIDER = 64
"""How many times the bytes of the source's samples a copy's may have: 64 bits at 48 kHz instead of 8 bits at 6 kHz."""

_PADDING_S = 1.0
"""Encoders fill up their last frame."""


@dataclass(frozen=True)
class MediaLimits:
    """Limits of recordings and decoders (docs/untrusted-media.md).

    Enforced while a recording streams: headers are not trusted. A dataclass whose metadata pydantic reads: code that
    decodes imports this module, and should not load pydantic. Fields without a description are not options.

    Attributes:
      max_channels: Of the first audio track.
      min_rate_hz, max_rate_hz: Of the decoded audio.
      max_decoded_bytes: Of all native samples. Eight channels of 32 bits at 48 kHz fill 62 GiB in 12 hours.
      decode_s: Seconds that a worker waits for a decoder in all, whatever the length of the audio.
      decode_s_per_hour: The same, added for each hour of audio that has been decoded.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    max_recording_hours: Annotated[float, Metavar("HOURS")] = field(
        default=12.0,
        metadata={"gt": 0, "le": 1000, "description": "longest recording, in hours; a longer one fails"},
    )
    max_recording_gb: Annotated[float, Metavar("GIB")] = field(
        default=16.0,
        metadata={"gt": 0, "description": "largest source file, in GiB; a larger one fails before it is fetched"},
    )
    decoder_memory_mb: Annotated[int, Metavar("MIB")] = field(
        default=512,
        metadata={"ge": 64, "description": "most memory for one decoder process, in MiB, beside its code"},
    )
    require_confinement: bool = field(
        default=False,
        metadata={
            "description": "refuse to run if decoders have no system-call filter or no namespaces "
            "(docs/untrusted-media.md)"
        },
    )
    max_channels: int = 8
    min_rate_hz: int = 4_000
    max_rate_hz: int = 192_000
    max_decoded_bytes: int = 64 * _GIB
    decode_s: float = 60.0
    decode_s_per_hour: float = 600.0

    @property
    def max_duration_s(self) -> float:
        """Of the decoded audio."""
        return self.max_recording_hours * 3600

    @property
    def max_source_bytes(self) -> int:
        """Of the file."""
        return round(self.max_recording_gb * _GIB)

    @property
    def decoder_memory_bytes(self) -> int:
        """Memory limit of one decoder, beside the code that all decoders share."""
        return self.decoder_memory_mb * _MIB

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
            max_recording_hours=self.max_recording_hours + _PADDING_S / 3600,
            max_recording_gb=2 * self.max_recording_gb + decoded / _GIB,
            max_decoded_bytes=decoded,
        )

    @property
    def longest_decode_s(self) -> float:
        """Limit for the longest recording that is allowed."""
        return self.decode_s + self.decode_s_per_hour * self.max_duration_s / 3600
