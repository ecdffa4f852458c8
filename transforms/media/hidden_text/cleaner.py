"""What each codec's cleaner is, and the errors that cleaners raise."""

from __future__ import annotations

from typing import Protocol

from hushbeam.transforms.media.errors import MediaError


class Cleaner(Protocol):
    """Cleans one video track.

    Attributes:
      header: The track's codec header (FFmpeg's extradata) without hidden text; empty where it needs none.
    """

    @property
    def header(self) -> bytes: ...

    def clean(self, picture: bytes) -> bytes:
        """Returns a packet's bytes without hidden text: `picture` itself if it has none, empty if nothing stays.

        Raises:
          MediaError: `captions_inside` where text cannot be removed, `corrupt` where the packet cannot be taken apart.
        """


def not_cleanable(codec: str) -> MediaError:
    """Nobody knows how to find the hidden text, so the pictures are not published."""
    return MediaError(
        "captions_inside",
        f"{codec} video may hold text that cannot be removed: convert its pictures, "
        "or ask for the audio alone (redact_pii_audio_quality mp3, wav or flac)",
    )


def damaged() -> MediaError:
    """The packet or header does not have the parts that it names."""
    return MediaError("corrupt", "the video cannot be taken apart to look for hidden text")
