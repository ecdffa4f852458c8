"""Cleaner of Motion JPEG: keeps the segments that pictures need. Comments and application segments hold text."""

from __future__ import annotations

import re

from hushbeam.transforms.media.hidden_text.cleaner import damaged

_PICTURE, _END, _SCAN = 0xD8, 0xD9, 0xDA
_ALONE = frozenset({0x01, *range(0xD0, 0xDA)})
"""Markers without a segment."""

_KEPT = frozenset({*range(0xC0, 0xC8), *range(0xC9, 0xD0), 0xDA, 0xDB})
"""Frames, tables, scans."""

_NUMBERS = frozenset({0xDC, 0xDD})
"""Segments of one number of two bytes: lines, restarts."""

_KEPT_APPLICATIONS = (
    # JFIF without a thumbnail; the order of fields (AVI); the coding of colours (Adobe). With their largest sizes.
    (0xE0, b"JFIF\0", 16),
    (0xE0, b"AVI1", 16),
    (0xEE, b"Adobe", 14),
)
_COMMENT = 0xFE
_KEPT_COMMENT = re.compile(
    rb"(?:CS=ITU601|Intel\(R\) JPEG Library, version [\d.\[\]]{1,16}|Metasoft MJPEG Codec|MULTISCOPE II)\0?"
)
"""Names by which decoders choose a range of colours, or flip pictures."""

_FIELD_ORDER = slice(4, 8)
_MARKER = re.compile(rb"\xff+[\x01-\xfe]")
_MARKER_AFTER_SCAN = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")


class SegmentCleaner:
    """Cleans a track of Motion JPEG."""

    def __init__(self, header: bytes) -> None:
        # QuickTime's order of fields; AVI only repeats tables that decoders have.
        self.header = header if header[_FIELD_ORDER] == b"fiel" and len(header) == 10 else b""

    def clean(self, picture: bytes) -> bytes:
        """As `Cleaner.clean`. Pictures may follow each other in one packet, as fields do."""
        kept: list[bytes] = []
        position = picture.find(b"\xff\xd8")
        if position < 0:
            raise damaged()
        while position >= 0:
            position = _clean_picture(picture, position, kept)
            position = picture.find(b"\xff\xd8", position)
        cleaned = b"".join(kept)
        return picture if cleaned == picture else cleaned


def _clean_picture(content: bytes, position: int, kept: list[bytes]) -> int:
    """Keeps segments of the picture that begins here, and returns where it ends. Drops bytes between segments."""
    while found := _MARKER.search(content, position):
        start, position = found.start(), found.end()
        marker = content[position - 1]
        if marker not in _ALONE:
            size = int.from_bytes(content[position : position + 2], "big")
            position += size
            if position > len(content) or size < 2:
                raise damaged()
        if marker == _SCAN:
            after = _MARKER_AFTER_SCAN.search(content, position)
            position = after.start() if after else len(content)
        segment = content[start:position]
        if marker in _ALONE or marker in _KEPT or _is_kept(marker, content[found.end() + 2 : position]):
            kept.append(segment)
        if marker == _END:
            break
    return position


def _is_kept(marker: int, text: bytes) -> bool:
    if marker in _NUMBERS:
        return len(text) == 2
    if marker == _COMMENT:
        return _KEPT_COMMENT.fullmatch(text) is not None
    return any(
        marker == known and text.startswith(name) and len(text) + 2 <= size for known, name, size in _KEPT_APPLICATIONS
    )
