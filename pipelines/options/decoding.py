"""Options of what reading a recording may cost."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field
from rich.console import Console
from rich.markup import escape

from hushbeam.transforms.media.isolation.children import locks
from hushbeam.transforms.media.limits import MediaLimits

_MIB, _GIB = 2**20, 2**30


class Decoding(BaseModel):
    """What a recording may be, and what its decoder, a process of its own, may use: docs/untrusted-media.md."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_recording_hours: float = Field(12.0, gt=0, le=1000, description="a longer recording fails")
    max_recording_gb: float = Field(16.0, gt=0, description="a larger file (GiB) fails before it is fetched")
    max_decoded_gb: float = Field(64.0, gt=0, description="and one whose samples take more (GiB)")
    max_channels: int = Field(8, ge=1, le=8, description="and one of more channels")
    decoder_memory_mb: int = Field(512, ge=64, description="what a decoder may take (MiB), beside its code")
    decode_seconds: float = Field(60.0, gt=0, description="how long a worker waits for a decoder, whatever the length")
    decode_seconds_per_hour: float = Field(600.0, ge=0, description="and for each hour of sound beside it")
    require_confinement: bool = Field(
        False, description="refuse machines where decoders lack the filter of system calls, or namespaces"
    )

    def limits(self) -> MediaLimits:
        """What the stages take."""
        return MediaLimits(
            max_duration_s=self.max_recording_hours * 3600,
            max_source_bytes=round(self.max_recording_gb * _GIB),
            max_decoded_bytes=round(self.max_decoded_gb * _GIB),
            max_channels=self.max_channels,
            decoder_memory_bytes=self.decoder_memory_mb * _MIB,
            decode_s=self.decode_seconds,
            decode_s_per_hour=self.decode_seconds_per_hour,
            require_confinement=self.require_confinement,
        )


def warn_of_missing_locks(console: Console) -> None:
    """Says what decoders of this machine lack, if they do."""
    if missing := locks().missing():
        console.print(f"[bold yellow]Warning:[/] decoders run without {escape(missing)}", highlight=False)
