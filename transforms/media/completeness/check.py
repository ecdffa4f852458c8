"""Check of a file's stated sizes against its bytes, for each container.

FFmpeg takes the length of many formats from the file's size, and so never notices that half of a file is missing.
Parses untrusted bytes: runs in a child process, in constant memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import BinaryIO

from hushbeam.transforms.media.completeness import boxes, chunks, headers, packets
from hushbeam.transforms.media.source_file import Length, Source, TooManyReadsError

CHECKED: Mapping[str, Callable[[Source], Length]] = {
    "wav": chunks.wav,
    "rf64": chunks.wav,
    "qcp": chunks.wav,
    "w64": chunks.w64,
    "aiff": partial(chunks.iff, audio=b"SSND"),
    "iff": partial(chunks.iff, audio=b"BODY"),
    "caf": chunks.caf,
    "avi": chunks.avi,
    "au": headers.au,
    "voc": headers.voc,
    "nistsphere": headers.sphere,
    "dss": headers.dss,
    "ape": headers.ape,
    "tta": headers.tta,
    "wv": headers.wavpack,
    "flac": headers.flac,
    "mp3": headers.mp3,
    "ogg": packets.ogg_pages,
    "flv": packets.flv,
    "asf": packets.asf,
    "mpegts": packets.transport_stream,
    "mpeg": packets.program_stream,
    "mxf": boxes.mxf,
    "matroska": boxes.matroska,
    "webm": boxes.matroska,
    "mov": boxes.movie,
    "mp4": boxes.movie,
    "m4a": boxes.movie,
    "3gp": boxes.movie,
}
"""By `Container.name`."""

_COUNTED = frozenset({"tak"})
"""Their headers state only a number of samples, which is compared with the decoded number."""


def check_complete(file: BinaryIO, container: str, start: int, *, thorough: bool) -> Length:
    """Compares stated sizes with the file; leaves the file at any position.

    Args:
      container: As in `MediaInfo.container`.
      start: Position of the container's first byte, after any ID3 tags.
      thorough: Whether to check every part of the file. Otherwise a few reads must do, and other parts pass.

    Raises:
      MediaError: `truncated` if the file has fewer bytes than it states; `length_disagrees` if it goes on after its
        stated end; `corrupt` or `format_changes` if parts do not follow one another.
    """
    check = CHECKED.get(container)
    if check is None:
        return Length.STATED if container in _COUNTED else Length.UNSTATED
    try:
        return check(Source(file, start, thorough=thorough))
    except TooManyReadsError:
        return Length.STATED
