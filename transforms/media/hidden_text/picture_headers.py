"""Cleaners of codecs that can contain text only in picture headers, or not at all."""

from __future__ import annotations

from hushbeam.transforms.media.hidden_text.cleaner import damaged, not_cleanable

_LARGEST_PRORES_HEADER = 148
_LONG_FORM = 7
"""Value of H.263's picture size if a longer header follows."""


class NoTextCleaner:
    """Cleans a track of a codec without room for text in its pictures; keeps the first bytes of its header."""

    def __init__(self, header: bytes, header_bytes: int) -> None:
        self.header = header[:header_bytes]

    def clean(self, picture: bytes) -> bytes:
        """As `Cleaner.clean`."""
        return picture


class ProResCleaner:
    """Cleans a track of ProRes: removes bytes after the picture of a packet."""

    header = b""

    def clean(self, picture: bytes) -> bytes:
        """As `Cleaner.clean`."""
        size, header_bytes = int.from_bytes(picture[:4], "big"), int.from_bytes(picture[8:10], "big")
        if picture[4:8] != b"icpf" or not 8 + header_bytes <= size <= len(picture):
            raise damaged()
        if header_bytes > _LARGEST_PRORES_HEADER:
            raise not_cleanable("prores")
        return picture if size == len(picture) else picture[:size]


class H263Cleaner:
    """Refuses H.263 pictures with supplemental information or a long header."""

    header = b""

    def clean(self, picture: bytes) -> bytes:
        """As `Cleaner.clean`."""
        bits = _Bits(picture)
        if bits.number(0, 22) != 0x20:
            raise damaged()
        divided, two_pictures = bits.number(48, 1), bits.number(42, 1)
        mark = 49 + (2 if divided else 0) + (5 if two_pictures else 0)
        if bits.number(35, 3) == _LONG_FORM or bits.number(mark, 1):
            raise not_cleanable("h263")
        return picture


class _Bits:
    def __init__(self, picture: bytes) -> None:
        self._bits = 8 * min(len(picture), 16)
        self._value = int.from_bytes(picture[:16], "big")

    def number(self, position: int, size: int) -> int:
        if position + size > self._bits:
            raise damaged()
        return self._value >> (self._bits - position - size) & ((1 << size) - 1)
