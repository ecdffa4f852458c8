"""Reader of a file's structure: small reads at any position, few of them for a look at the header."""

from __future__ import annotations

import os
from enum import Enum
from typing import BinaryIO, Literal

from hushbeam.transforms.media.errors import MediaError

FEW_READS = 32
"""Most reads for a look at the header: each read of a remote file may be a request."""

LEAST_REST = 16
"""Fewer bytes after the stated end do not count as audio: two milliseconds at one byte a sample."""

ID3_HEADER = 10
_PIECE = 64 * 2**10

ByteOrder = Literal["little", "big"]


class Length(Enum):
    """Whether a file states where its audio ends.

    Attributes:
      STATED: The file does, and has that number of bytes.
      OPEN: The header has a field for it, which the writer left open, as programs that write to a pipe do. FFmpeg's
        length is then derived from the file's size.
      UNSTATED: The format has no such field: a missing end cannot be noticed.
    """

    STATED = "stated"
    OPEN = "open"
    UNSTATED = "unstated"


class TooManyReadsError(Exception):
    """The structure has more parts than may be read for a look at the header."""


class Source:
    """An open file from its first byte after any ID3 tags on.

    Args:
      start: Position of that byte.
      thorough: Whether all parts may be read; otherwise at most `FEW_READS` reads are allowed.

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
        """`count` bytes from a position, or fewer at the file's end.

        Raises:
          TooManyReadsError: This is a look at the header, and made too many reads.
        """
        self._reads += 1
        if not self.thorough and self._reads > FEW_READS:
            raise TooManyReadsError
        if not 0 <= position < self.size:
            return b""
        self._file.seek(self._start + position)
        return self._file.read(count)

    def number(self, position: int, count: int, order: ByteOrder) -> int:
        """An unsigned integer of `count` bytes; bytes beyond the file's end count as zero."""
        return int.from_bytes(self.at(position, count).ljust(count, b"\0"), order)

    def check_holds(self, end: int) -> None:
        """Raises `truncated` if the file ends before a position that it states."""
        if end > self.size:
            raise cut_off(f"its header states {end} bytes, and it has {self.size}")

    def check_rest(self, position: int) -> None:
        """Raises `length_disagrees` if anything but zeros or tags follows the stated end of the file.

        A few bytes, such as a line end or a checksum, are not audio.
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
    """The size of a tag; 0 for anything else."""
    if head.startswith(b"TAG"):
        return 128
    if head.startswith(b"APETAGEX"):
        return 32 + int.from_bytes(head[12:16], "little")
    if head.startswith(b"ID3") and len(head) >= ID3_HEADER:
        return id3_bytes(head)
    return 0


def id3_bytes(head: bytes) -> int:
    """The size of an ID3 tag from its first ten bytes, with its header and any footer."""
    size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
    return ID3_HEADER + size + (ID3_HEADER if head[5] & 0x10 else 0)


def cut_off(how: str) -> MediaError:
    """The error of a file that ends before its audio does."""
    return MediaError("truncated", f"the file ends too early: {how}")


def goes_on(count: int) -> MediaError:
    """The error of a file with more bytes than it states: they may be audio that would not be transcribed."""
    return MediaError("length_disagrees", f"the file has {count} bytes after the end that it states")
