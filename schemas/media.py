"""What a recording's file says about its sound, and which samples it decodes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class MediaInfo:
    """A recording's first audio track, as found by content.

    Attributes:
      container: `wav`, `rf64`, `flac`, `mp3`, `ogg`, `m4a`, `mp4`, `mov`, `matroska`, `webm`, ...: see
        `hushbeam.transforms.media.containers`.
      codec: FFmpeg's name of the codec family: `pcm_mulaw`, `flac`, `aac`, `opus`, ...
      sample_rate_hz: Of the decoded samples. Opus always decodes to 48 000.
      nominal_rate_hz: What an Opus file says that it was made from; else the same.
      channels: 1 to 8.
      layout: FFmpeg's name of the channel layout: `stereo`, `5.1`.
      sample_type: numpy's name of the decoded samples' type: `uint8`, `int16`, `int32`, `float32`, `float64`.
        24-bit samples stand in the upper bits of `int32`.
      bits: Significant bits of a sample; None for codecs that have none (MP3, AAC, Opus, ...).
      duration_s: What the container claims; None where it makes no claim (a bare MP3 or ADTS stream).
      start_s: When the audio starts on the file's own clock: beside a video, it may start later than the pictures.
      bit_rate: Of the audio, in bits per second; None where unknown.
      has_video: Moving pictures; cover art is none.
      size: The file's bytes.
      block_bytes: Of an ADPCM block in a WAV file; None elsewhere.
      states_length: Whether the file would show that its end is missing: not a bare MP3 without a count, for example.
    """

    container: str
    codec: str
    sample_rate_hz: int
    nominal_rate_hz: int
    channels: int
    layout: str
    sample_type: str
    bits: int | None
    duration_s: float | None
    start_s: float
    bit_rate: int | None
    has_video: bool
    size: int
    block_bytes: int | None = None
    states_length: bool = True


@dataclass(frozen=True)
class SampleIdentity:
    """Two decodes with equal identities gave the same samples.

    Attributes:
      frames: Samples of each channel.
      sha256: Hexadecimal digest over the native samples, channels interleaved.
    """

    frames: int
    sha256: str


@dataclass(frozen=True)
class SourceIdentity:
    """One version of one file or object.

    Two equal identities stand for the same bytes: object stores change the generation or entity tag with every
    write, file systems the modification time.

    Attributes:
      url: Absolute: a local path or an object-store URL.
      size_bytes: As the store reports it.
      version: `generation:…`, `etag:…` or `mtime_ns:…`.
    """

    url: str
    size_bytes: int
    version: str

    def __repr__(self) -> str:
        # File names often hold names and phone numbers, and reprs end up in logs and tracebacks.
        return f"SourceIdentity({self.size_bytes} bytes, {self.version})"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SourceIdentity:
        """The inverse of `to_dict`."""
        return cls(url=values["url"], size_bytes=values["size_bytes"], version=values["version"])
