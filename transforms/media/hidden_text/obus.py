"""Cleaner of AV1: keeps the units (OBUs) that pictures need, and metadata of brightness."""

from __future__ import annotations

from collections.abc import Iterator

from hushbeam.transforms.media.hidden_text.cleaner import damaged

_KEPT = frozenset({1, 2, 3, 4, 6, 7})
"""Sequence headers, delimiters, frame headers (also repeated), tile groups, frames."""

_DELIMITER, _METADATA = 2, 5
_KEPT_METADATA = {1: 6, 2: 26}
"""Content light level and mastering display, with the largest size in bytes. Captions are of type 4 (ITU-T T.35)."""

_CONFIGURATION_BYTES = 4
_LONGEST_NUMBER = 8


class ObuCleaner:
    """Cleans a track of AV1, given `av1C` or nothing."""

    def __init__(self, header: bytes) -> None:
        if 0 < len(header) < _CONFIGURATION_BYTES:
            raise damaged()
        self.header = header[:_CONFIGURATION_BYTES] + self.clean(header[_CONFIGURATION_BYTES:])

    def clean(self, picture: bytes) -> bytes:
        """As `Cleaner.clean`."""
        units = list(_units(picture))
        kept = [unit for unit, content in units if _stays(unit, content)]
        return picture if len(kept) == len(units) else b"".join(kept)


def _units(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each unit, whole and without its own header."""
    position = 0
    while position < len(picture):
        start = position
        extended, sized = picture[start] & 0x04, picture[start] & 0x02
        position += 2 if extended else 1
        size, position = _number(picture, position) if sized else (len(picture) - position, position)
        content = position
        position += size
        if position > len(picture) or picture[start] & 0x80:
            raise damaged()
        yield picture[start:position], picture[content:position]


def _stays(unit: bytes, content: bytes) -> bool:
    kind = unit[0] >> 3 & 0x0F
    if kind == _DELIMITER:
        return not content
    if kind != _METADATA:
        return kind in _KEPT
    metadata, _ = _number(content, 0)
    return len(content) <= _KEPT_METADATA.get(metadata, 0)


def _number(content: bytes, position: int) -> tuple[int, int]:
    """A little-endian number of seven bits a byte, and where it ends."""
    number = 0
    for index, byte in enumerate(content[position : position + _LONGEST_NUMBER]):
        number |= (byte & 0x7F) << 7 * index
        if not byte & 0x80:
            return number, position + index + 1
    raise damaged()
