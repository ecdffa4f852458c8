"""Cleaner of one video track of an open FFmpeg container."""

from __future__ import annotations

from typing import Any

import av

from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.hidden_text.cleaner import not_cleanable
from hushbeam.transforms.media.hidden_text.codecs import cleaner_of


class CleanedTrack:
    """A video track without hidden text.

    Args:
      stream: PyAV's, of an open input.

    Attributes:
      header: The track's codec header, cleaned; None if it is empty.
      header_held_text: Whether the cleaned header differs from the track's own.

    Raises:
      MediaError: `captions_inside` if text cannot be removed, `corrupt`.
    """

    def __init__(self, stream: Any) -> None:
        if stream.codec_context is None:
            raise not_cleanable("this")
        self._codec = stream.codec_context.codec.canonical_name
        given = stream.codec_context.extradata or b""
        self._cleaner = cleaner_of(self._codec, given)
        self.header = self._cleaner.header or None
        self.header_held_text = self._cleaner.header != given

    def clean(self, packet: Any) -> Any:
        """The packet itself, or a copy without hidden text; None if it holds no picture.

        Data that demuxers attach to packets (captions, private data, names, alpha channels) are dropped.

        Raises:
          MediaError: As above; `format_changes` if the track continues with another header.
        """
        attached = list(packet.iter_sidedata())
        for data in attached:
            if data.data_type == "new_extradata" and self._is_another_header(bytes(data)):
                raise MediaError("format_changes", "the video's header changes within the track")
        picture = bytes(packet)
        cleaned = self._cleaner.clean(picture)
        if cleaned is picture and not attached:
            return packet
        return _like(packet, cleaned) if cleaned else None

    def _is_another_header(self, header: bytes) -> bool:
        return bool(header) and cleaner_of(self._codec, header).header != self._cleaner.header


def _like(packet: Any, content: bytes) -> Any:
    """A packet of this content with the times of another one."""
    # For a given size FFmpeg adds zeros at the end, which its parsers may read.
    copy = av.Packet(len(content))
    copy.update(content)
    copy.time_base, copy.pts, copy.dts, copy.duration = packet.time_base, packet.pts, packet.dts, packet.duration
    copy.is_keyframe = packet.is_keyframe
    return copy
