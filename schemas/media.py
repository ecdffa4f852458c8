"""Properties and identities of a recording's file and of its decoded samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class MediaInfo:
    """The first audio track of a recording, from the content of the file.

    Attributes:
      container: `wav`, `rf64`, `flac`, `mp3`, `ogg`, `m4a`, `mp4`, `mov`, `matroska`, `webm`, ...: see
        `hushbeam.transforms.media.containers`.
      codec: FFmpeg's name of the codec family: `pcm_mulaw`, `flac`, `aac`, `opus`, ...
      sample_rate_hz: Of the decoded samples. Opus always decodes to 48 000.
      nominal_rate_hz: The original rate that an Opus file states; otherwise the same.
      channels: 1 to 8.
      layout: FFmpeg's name of the channel layout: `stereo`, `5.1`.
      sample_type: numpy's name of the decoded samples' type: `uint8`, `int16`, `int32`, `float32`, `float64`.
        24-bit samples use the upper bits of `int32`.
      bits: Significant bits of a sample; None for codecs without them (MP3, AAC, Opus, ...).
      duration_s: Duration that the container states; None if it states none (a bare MP3 or ADTS stream).
      start_s: Start of the audio on the file's own clock: in a video it may start later than the pictures.
      bit_rate: Bits per second of the audio; None if unknown.
      has_video: Whether it has moving pictures; cover art does not count.
      size: Bytes of the file.
      block_bytes: Size of an ADPCM block in a WAV file; otherwise None.
      states_length: Whether the file shows if its end is missing. A bare MP3 without a count, for example, does not.
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
    """Identity of decoded samples: equal identities mean equal samples.

    Attributes:
      frames: Number of samples per channel.
      sha256: Hexadecimal digest of the native samples, channels interleaved.
    """

    frames: int
    sha256: str


@dataclass(frozen=True)
class SourceIdentity:
    """Identity of one version of a file or object.

    Equal identities mean equal bytes: object stores change the generation or entity tag with every write, and file
    systems the modification time.

    Attributes:
      url: Absolute: a local path, an object-store URL, or a web server's URL without its query.
      size_bytes: Size that the store reports.
      version: `generation:…`, `etag:…`, `mtime_ns:…`, `modified:…`, or `sha256:…` of a web server's file without a
        version.
    """

    url: str
    size_bytes: int
    version: str

    def __repr__(self) -> str:
        # File names often contain names and phone numbers, and reprs end up in logs and tracebacks.
        return f"SourceIdentity({self.size_bytes} bytes, {self.version})"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SourceIdentity:
        """The inverse of `to_dict`."""
        return cls(url=values["url"], size_bytes=values["size_bytes"], version=values["version"])
