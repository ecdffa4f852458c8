"""Colour profiles (ICC) in MP4 and MOV files: finds and blanks them, because they can contain text of any length.

FFmpeg's muxer copies the source's profile if the colours have no numbers, and has no option against it. Only files that
FFmpeg wrote are blanked; an audit also searches published files, which anyone may have changed.
"""

from __future__ import annotations

import re
from typing import BinaryIO

from hushbeam.transforms.media.completeness.boxes import movie_boxes
from hushbeam.transforms.media.source_file import Source

_HEAD_BYTES = 8
_PROFILE = re.compile(rb"colr(?:prof|rICC)")


def profiles_in(file: BinaryIO) -> list[tuple[int, int]]:
    """Positions and sizes of colour profile boxes in an open file; leaves the file at any position."""
    found = []
    source = Source(file, thorough=True)
    for movie in movie_boxes(source, 0, source.size):
        if movie.kind != b"moov":
            continue
        content = source.at(movie.start, min(movie.end, source.size) - movie.start)
        for match in _PROFILE.finditer(content):
            place = match.start() - 4
            size = int.from_bytes(content[place : match.start()], "big")
            if place >= 0 and _HEAD_BYTES <= size <= len(content) - place:
                found.append((movie.start + place, size))
    return found


def blank_profiles(file: BinaryIO) -> None:
    """Turns the boxes of colour profiles into free space, in place."""
    for start, size in profiles_in(file):
        file.seek(start + 4)
        file.write(b"free" + bytes(size - _HEAD_BYTES))
    file.flush()
