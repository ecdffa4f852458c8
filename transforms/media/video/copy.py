"""Video writer: the source's pictures, not encoded again, beside new audio. Runs in a child process.

Further audio tracks, subtitles, chapters, attachments, timecodes and all tags are left out, because they name people.
So is text between the pictures, such as closed captions (`hushbeam.transforms.media.hidden_text`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, BinaryIO

import av

from hushbeam.schemas.media import MediaInfo
from hushbeam.transforms.media.audio_track import BITEXACT, AudioTrack
from hushbeam.transforms.media.containers import recognise
from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.hidden_text.colour_profiles import blank_profiles
from hushbeam.transforms.media.hidden_text.tracks import CleanedTrack
from hushbeam.transforms.media.output_format import OutputFormat
from hushbeam.transforms.media.samples import Samples
from hushbeam.transforms.media.track_decoder import is_moving, open_container, raise_unreadable

_ISO_MUXERS = ("mp4", "mov")


class VideoCopyWriter:
    """Writes a file of the source's moving pictures and one new audio track.

    Args:
      copy: The file to write, open (for reading too).
      source: The recording, of which only the pictures are read, open.
      info: Of the source.
      output: From `output_format`.

    Raises (also while writing):
      MediaError: `not_encodable`; for the pictures `captions_inside`, `format_changes`, `corrupt` or `truncated`.
    """

    def __init__(self, copy: BinaryIO, source: BinaryIO, info: MediaInfo, output: OutputFormat) -> None:
        with ExitStack() as stack:
            pictures = stack.enter_context(open_container(source, recognise(source)))
            self._container = stack.enter_context(
                av.open(copy, "w", format=output.muxer, options={**BITEXACT, **output.muxer_options})
            )
            tracks = [stream for stream in pictures.streams.video if is_moving(stream)]
            self._cleaned = {track.index: CleanedTrack(track) for track in tracks}
            try:
                copies = {track.index: self._container.add_stream_from_template(track, opaque=True) for track in tracks}
            except ValueError:
                raise MediaError("not_encodable", f"{output.muxer} cannot hold this video codec") from None
            for index, copied in copies.items():
                copied.codec_context.extradata = self._cleaned[index].header
            self._audio = AudioTrack(self._container, info, output, start_s=info.start_s)
            self._packets = _picture_packets(pictures, tracks)
            self._copies = copies
            self._boxed = copy if output.muxer in _ISO_MUXERS else None
            self._held: Any = None
            self._stack = stack.pop_all()

    def write(self, block: Samples) -> None:
        """Encodes the next samples, and copies the pictures up to their end."""
        self._audio.write(block)
        self._copy_until(self._audio.end_s)

    def finish(self) -> None:
        """Writes the rest of the audio and of the pictures."""
        with self._stack:
            self._audio.finish()
            self._copy_until(None)
        if self._boxed is not None:
            blank_profiles(self._boxed)

    def _copy_until(self, end_s: float | None) -> None:
        while (packet := self._held or next(self._packets, None)) is not None:
            self._held = packet
            if end_s is not None and packet.dts * packet.time_base > end_s:
                return
            index = packet.stream_index
            if (cleaned := self._cleaned[index].clean(packet)) is not None:
                cleaned.stream = self._copies[index]
                self._container.mux_one(cleaned)
            self._held = None


def _picture_packets(container: Any, tracks: list[Any]) -> Iterator[Any]:
    """Every packet of the video tracks in file order, each with a decoding time."""
    clocks = {track.index: _DecodingTimes() for track in tracks}
    for stream in container.streams:
        if stream not in tracks:
            stream.discard = av.stream.Discard.all
    try:
        for packet in container.demux(tracks):
            if packet.is_corrupt:
                raise MediaError("truncated", "the video ends within a packet")
            # FFmpeg ends each track with an empty packet.
            if packet.size:
                yield from clocks[packet.stream_index].timed(packet)
        for clock in clocks.values():
            yield from clock.rest()
    except av.error.FFmpegError as error:
        raise_unreadable(error)


class _DecodingTimes:
    """Fills in decoding times, which Matroska does not store and FFmpeg cannot guess for the first pictures."""

    def __init__(self) -> None:
        self._waiting: deque[Any] = deque()
        self._last: int | None = None

    def timed(self, packet: Any) -> Iterator[Any]:
        if packet.dts is None:
            if self._last is None:
                self._waiting.append(packet)
                return
            packet.dts = self._last + 1 if packet.pts is None else min(self._last + 1, packet.pts)
        yield from self._before(packet.dts)
        self._last = packet.dts
        yield packet

    def rest(self) -> Iterator[Any]:
        """The waiting packets of a track without any decoding times."""
        yield from self._before(min((packet.pts or 0 for packet in self._waiting), default=0) + 1)

    def _before(self, dts: int) -> Iterator[Any]:
        """The waiting packets, with decoding times that end just before this one."""
        while self._waiting:
            packet = self._waiting.popleft()
            step = packet.duration or 1
            packet.dts = dts - step * (len(self._waiting) + 1)
            yield packet
