"""Finds and blanks colour profiles (ICC) in MP4 and MOV files that FFmpeg wrote: a profile holds texts of any length.

FFmpeg's muxer writes the source's profile where colours have no numbers, and has no option against it. Only files of
our own are looked at, whose boxes are known to be right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from os import SEEK_END
from typing import BinaryIO

_HEAD_BYTES = 8
_PROFILE = re.compile(rb"colr(?:prof|rICC)")


def profiles_in(file: BinaryIO) -> list[tuple[int, int]]:
    """Where the boxes of colour profiles lie in an open file, with their sizes in bytes; leaves the file anywhere."""
    found = []
    for start, size in _movie_boxes(file):
        file.seek(start)
        movie = file.read(size)
        for match in _PROFILE.finditer(movie):
            box = match.start() - 4
            box_bytes = int.from_bytes(movie[box : match.start()], "big")
            if box >= 0 and _HEAD_BYTES <= box_bytes <= size - box:
                found.append((start + box, box_bytes))
    return found


def blank_profiles(file: BinaryIO) -> None:
    """Turns the boxes of colour profiles into free space, in place."""
    for start, size in profiles_in(file):
        file.seek(start + 4)
        file.write(b"free" + bytes(size - _HEAD_BYTES))
    file.flush()


def _movie_boxes(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Where `moov` lies among the file's boxes, and how large it is."""
    end, position = file.seek(0, SEEK_END), 0
    while position + _HEAD_BYTES <= end:
        file.seek(position)
        head = file.read(2 * _HEAD_BYTES)
        size = int.from_bytes(head[:4], "big")
        if size == 1:
            size = int.from_bytes(head[8:16], "big")
        if size < _HEAD_BYTES or position + size > end:
            return
        if head[4:8] == b"moov":
            yield position, size
        position += size
