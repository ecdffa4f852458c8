"""A file whose structure is looked at: small reads at any place, few of them or as many as it takes."""

from __future__ import annotations

import os
from enum import Enum
from typing import BinaryIO, Literal

from hushbeam.transforms.media.errors import MediaError

FEW_READS = 32
"""For a look at the header alone: of a remote file each may be a request."""

LEAST_REST = 16
"""Bytes after the stated end that may be audio: two milliseconds, where a sample takes a byte."""

ID3_HEADER = 10
_PIECE = 64 * 2**10

ByteOrder = Literal["little", "big"]


class Length(Enum):
    """What a file states about where its audio ends.

    Attributes:
      STATED: It does, in whatever way, and as many bytes are there.
      OPEN: Its header has a place for it, which its writer left open, as one that writes to a pipe has to. What FFmpeg
        calls the length is then derived from the file's size.
      UNSTATED: Nothing in such a file tells that its end is missing.
    """

    STATED = "stated"
    OPEN = "open"
    UNSTATED = "unstated"


class TooManyReadsError(Exception):
    """The structure has more parts than are looked at for a header."""


class Source:
    """An open file from its first byte after any ID3 tags on.

    Args:
      start: Where that byte is.
      thorough: Whether every part may be looked at, or only `FEW_READS`.

    Attributes:
      size: Bytes from `start` to the file's end.
    """

    def __init__(self, file: BinaryIO, start: int = 0, *, thorough: bool) -> None:
        self.thorough = thorough
        self.size = max(0, file.seek(0, os.SEEK_END) - start)
        self._file = file
        self._start = start
        self._reads = 0

    def at(self, position: int, count: int) -> bytes:
        """So many bytes from a position, fewer at the file's end.

        Raises:
          TooManyReadsError: This is a look at the header, and enough was read.
        """
        self._reads += 1
        if not self.thorough and self._reads > FEW_READS:
            raise TooManyReadsError
        if not 0 <= position < self.size:
            return b""
        self._file.seek(self._start + position)
        return self._file.read(count)

    def number(self, position: int, count: int, order: ByteOrder) -> int:
        """An unsigned integer of `count` bytes; what lies beyond the file's end counts as zero bits."""
        return int.from_bytes(self.at(position, count).ljust(count, b"\0"), order)

    def check_holds(self, end: int) -> None:
        """Raises `truncated` where the file ends before a position that it states."""
        if end > self.size:
            raise cut_off(f"its header states {end} bytes, {self.size} are there")

    def check_rest(self, position: int) -> None:
        """Raises `length_disagrees` where the file goes on after its stated end with anything but zeros or a tag.

        A few bytes, as a line end or a checksum, are no audio that anybody would miss.
        """
        while tag := _tag_bytes(self.at(position, 32)):
            position += tag
        if self.size - position < LEAST_REST:
            return
        first = position
        while position < self.size:
            piece = self.at(position, _PIECE)
            if not piece or piece.count(0) < len(piece):
                raise goes_on(self.size - first)
            position += len(piece)


def _tag_bytes(head: bytes) -> int:
    """The size of a tag; 0 where there is none."""
    if head.startswith(b"TAG"):
        return 128
    if head.startswith(b"APETAGEX"):
        return 32 + int.from_bytes(head[12:16], "little")
    if head.startswith(b"ID3") and len(head) >= ID3_HEADER:
        return id3_bytes(head)
    return 0


def id3_bytes(head: bytes) -> int:
    """The size of an ID3 tag by its first ten bytes, with its header, and its footer where it has one."""
    size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
    return ID3_HEADER + size + (ID3_HEADER if head[5] & 0x10 else 0)


def cut_off(how: str) -> MediaError:
    """The file ends before its audio does."""
    return MediaError("truncated", f"the file ends too early: {how}")


def goes_on(count: int) -> MediaError:
    """After the stated end there may be audio that nobody would hear."""
    return MediaError("length_disagrees", f"the file goes on for {count} bytes after the end that it states")
