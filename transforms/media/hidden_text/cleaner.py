"""Interface of the cleaners of video codecs, and their errors."""

from __future__ import annotations

from typing import Protocol

from hushbeam.transforms.media.errors import MediaError


class Cleaner(Protocol):
    """Cleans one video track.

    Attributes:
      header: The track's codec header (FFmpeg's extradata) without hidden text; may be empty.
    """

    @property
    def header(self) -> bytes: ...

    def clean(self, picture: bytes) -> bytes:
        """Returns a packet's bytes without hidden text: `picture` itself if it has none, empty if nothing remains.

        Raises:
          MediaError: `captions_inside` if text cannot be removed, `corrupt` if the packet cannot be parsed.
        """


def not_cleanable(codec: str) -> MediaError:
    """The error of a video whose hidden text cannot be found: its pictures are not published."""
    return MediaError(
        "captions_inside",
        f"{codec} video may contain text that cannot be removed: convert the video, "
        "or request audio without video (redact_pii_audio_quality mp3, wav or flac)",
    )


def damaged() -> MediaError:
    """The error of a packet or header without the parts that it states."""
    return MediaError("corrupt", "the video cannot be parsed to find hidden text")
