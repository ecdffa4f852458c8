"""Search for hidden text in a published video. Parses untrusted bytes: runs in a child process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import av

from hushbeam.transforms.media.containers import recognise
from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.hidden_text.colour_profiles import profiles_in
from hushbeam.transforms.media.hidden_text.tracks import CleanedTrack
from hushbeam.transforms.media.track_decoder import is_moving, open_container, raise_unreadable


def count_hidden_text(file: BinaryIO) -> dict[str, int]:
    """Counts places of an open video file that may contain text and that a clean copy would not have.

    Returns:
      `packets` of pictures, `headers` of video tracks, `tracks` that are neither pictures nor audio, colour `profiles`.

    Raises:
      MediaError: `captions_inside` for a codec that is never copied; `corrupt`, `truncated`, `format_changes`.
    """
    found = {"packets": 0, "headers": 0, "tracks": 0, "profiles": 0}
    file_format = recognise(file)
    if file_format.demuxer == "mov":
        found["profiles"] = len(profiles_in(file))
        file.seek(0)
    with open_container(file, file_format) as container:
        tracks = {stream.index: CleanedTrack(stream) for stream in container.streams.video if is_moving(stream)}
        found["tracks"] = len(container.streams) - len(tracks) - len(container.streams.audio)
        found["headers"] = sum(track.header_held_text for track in tracks.values())
        try:
            for packet in _packets(container, tracks):
                found["packets"] += tracks[packet.stream_index].clean(packet) is not packet
        except av.error.FFmpegError as error:
            raise_unreadable(error)
    return found


def _packets(container: Any, tracks: dict[int, CleanedTrack]) -> Iterator[Any]:
    pictures = [stream for stream in container.streams if stream.index in tracks]
    for stream in container.streams:
        if stream not in pictures:
            stream.discard = av.stream.Discard.all
    for packet in container.demux(pictures):
        if packet.is_corrupt:
            raise MediaError("truncated", "the video ends within a packet")
        if packet.size:
            yield packet
