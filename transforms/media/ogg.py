"""Ogg pages: where they end, and how to fix the values that Ogg writers choose at random."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import BinaryIO

LARGEST_PAGE = 65_307
HEADER = 27
"""Bytes before the sizes of a page's segments."""
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def settle(path: Path, opus_rate_hz: int) -> None:
    """Sets the serial number of the file's one logical stream to 1, in place, and every page's checksum.

    Args:
      path: An Ogg file of one logical stream, as our encoders write it.
      opus_rate_hz: Sample rate of the source, for an Opus header.
    """
    with path.open("r+b") as file:
        while page := _read_page(file):
            start = file.tell() - len(page)
            page[14:18] = (1).to_bytes(4, "little")
            body = HEADER + page[26]
            if page[body : body + 8] == b"OpusHead":
                page[body + 12 : body + 16] = opus_rate_hz.to_bytes(4, "little")
            page[22:26] = bytes(4)
            page[22:26] = checksum(page).to_bytes(4, "little")
            file.seek(start)
            file.write(page)


def page_end(content: bytes, start: int) -> int | None:
    """Where the page ends that begins at `start`; None if `content` does not hold a whole page there."""
    if start < 0 or len(content) - start < HEADER:
        return None
    sizes = content[start + HEADER : start + HEADER + content[start + 26]]
    end = start + HEADER + len(sizes) + sum(sizes)
    return end if len(sizes) == content[start + 26] and end <= len(content) else None


def checksum(page: bytes | bytearray) -> int:
    """Ogg's CRC-32 of a page whose checksum field is zero.

    It is zlib's polynomial without bit reversal, initial value and final inversion, so zlib computes it on reversed
    bits at the speed of C.
    """
    reversed_crc = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{reversed_crc:032b}"[::-1], 2)


def _read_page(file: BinaryIO) -> bytearray:
    header = file.read(HEADER)
    if not header:
        return bytearray()
    if len(header) < HEADER or not header.startswith(b"OggS"):
        raise ValueError("not an Ogg page")
    sizes = file.read(header[26])
    return bytearray(header + sizes + file.read(sum(sizes)))
