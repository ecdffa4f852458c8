"""Ogg pages: whether a file ends with a whole one, and what an Ogg writer leaves to chance."""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import BinaryIO

LARGEST_PAGE = 65_307
_HEADER = 27
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def settle(path: Path, opus_rate_hz: int | None = None) -> None:
    """Numbers the file's one logical stream 1, in place, and renews every page's checksum.

    Args:
      path: An Ogg file of one logical stream, as our encoders write it.
      opus_rate_hz: Written into an Opus header as the rate that the sound was made from.
    """
    with path.open("r+b") as file:
        while page := _read_page(file):
            start = file.tell() - len(page)
            page[14:18] = (1).to_bytes(4, "little")
            body = _HEADER + page[26]
            if opus_rate_hz is not None and page[body : body + 8] == b"OpusHead":
                page[body + 12 : body + 16] = opus_rate_hz.to_bytes(4, "little")
            page[22:26] = bytes(4)
            page[22:26] = checksum(page).to_bytes(4, "little")
            file.seek(start)
            file.write(page)


def is_cut_off(file: BinaryIO) -> bool:
    """Whether the file ends in the middle of a page, as it does when a copy was interrupted."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - LARGEST_PAGE))
    tail = file.read()
    start = tail.rfind(b"OggS\0")
    if start < 0 or len(tail) - start < _HEADER:
        return True
    sizes = tail[start + _HEADER : start + _HEADER + tail[start + 26]]
    return len(sizes) < tail[start + 26] or len(tail) - start < _HEADER + len(sizes) + sum(sizes)


def checksum(page: bytes | bytearray) -> int:
    """Ogg's CRC-32 of a page whose checksum field is zero.

    It is zlib's polynomial without bit reversal, initial value and final inversion; zlib computes it on reversed
    bits at the speed of C.
    """
    reversed_crc = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{reversed_crc:032b}"[::-1], 2)


def _read_page(file: BinaryIO) -> bytearray:
    header = file.read(_HEADER)
    if not header:
        return bytearray()
    if len(header) < _HEADER or not header.startswith(b"OggS"):
        raise ValueError("not an Ogg page")
    sizes = file.read(header[26])
    return bytearray(header + sizes + file.read(sum(sizes)))
