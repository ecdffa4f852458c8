"""Completeness of files of nested parts: MP4 and MOV, Matroska and WebM, MXF."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hushbeam.transforms.media.source_file import Length, Source, cut_off, goes_on

_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
_LARGEST_HEAD = 12
"""An id of up to four bytes, a size of up to eight."""

_MXF_PARTITION = bytes.fromhex("060e2b34020501010d01020101")
_MXF_KEY = bytes.fromhex("060e2b34")
_MXF_FOOTER = 4


class Box(NamedTuple):
    """A part of an MP4 or MOV file.

    Attributes:
      kind: Four characters.
      start, content, end: Where the box and its content begin, and where both end by the size that the box states.
    """

    kind: bytes
    start: int
    content: int
    end: int


def movie(source: Source) -> Length:
    """MP4, MOV, 3GP: every box is whole; a movie in fragments has all that its index lists."""
    fragments = indexed = seen = False
    position = 0
    for box in movie_boxes(source, 0, source.size):
        if seen and box.kind in {b"ftyp", b"moov"}:
            raise goes_on(source.size - box.start)
        source.check_holds(box.end)
        position = box.end
        if box.kind == b"moov":
            seen = True
            fragments = any(inner.kind == b"mvex" for inner in movie_boxes(source, box.content, box.end))
        elif box.kind == b"sidx":
            end, count = _referenced(source, box)
            source.check_holds(end)
            indexed = indexed or (count > 1 and end == source.size)
        elif box.kind == b"moof" and not source.thorough:
            break
    else:
        if fragments:
            source.check_rest(position)
    ends_with_index = source.at(source.size - 12, 4) == b"mfro"
    return Length.UNSTATED if fragments and not (indexed or ends_with_index) else Length.STATED


def movie_boxes(source: Source, position: int, end: int) -> Iterator[Box]:
    """The boxes of one level. Bytes that are not a box end them: audio lies where the index says."""
    while position < end:
        head = source.at(position, 16)
        kind = head[4:8]
        if len(kind) < 4 or not all(0x20 <= character < 0x7F or character == 0xA9 for character in kind):
            return
        size, content = int.from_bytes(head[:4], "big"), position + 8
        if size == 1:
            size, content = int.from_bytes(head[8:16], "big"), position + 16
        elif size == 0:
            size = end - position
        if position + size < content:
            return
        yield Box(kind, position, content, position + size)
        position += size


def _referenced(source: Source, box: Box) -> tuple[int, int]:
    """Where the last fragment in a segment index ends, and how many the index lists."""
    content = source.at(box.content, min(box.end - box.content, 2**20))
    if len(content) < 8:
        return 0, 0
    wide = 8 if content[0] else 4
    first = int.from_bytes(content[12 + wide : 12 + 2 * wide], "big")
    entries = 16 + 2 * wide
    count = int.from_bytes(content[entries - 2 : entries], "big")
    sizes = (
        int.from_bytes(content[entry : entry + 4], "big") & 0x7FFFFFFF
        for entry in range(entries, min(entries + 12 * count, len(content) - 11), 12)
    )
    return box.end + first + sum(sizes), count


def matroska(source: Source) -> Length:
    """Matroska and WebM: the segment is whole; if it has no size, its last element is."""
    _, size, position = _element(source, 0)
    kind, segment, content = _element(source, position + (size or 0))
    if kind != _SEGMENT:
        return Length.UNSTATED
    if segment is not None:
        source.check_holds(content + segment)
        source.check_rest(content + segment)
        return Length.STATED
    if source.thorough:
        _check_elements(source, content)
    return Length.UNSTATED


def _check_elements(source: Source, position: int) -> None:
    """Checks the elements of a segment without a size. Clusters may have no size either: they end at the next one."""
    while position < source.size:
        kind, size, content = _element(source, position)
        if not kind:
            rest = source.at(position, _LARGEST_HEAD)
            if len(rest) < _LARGEST_HEAD and rest.strip(b"\0"):
                raise cut_off("the header of an element is not whole")
            source.check_rest(position)
            return
        if size is None and kind != _CLUSTER:
            return
        position = content + (size or 0)
        source.check_holds(position)


def _element(source: Source, position: int) -> tuple[int, int | None, int]:
    """An element's id (0 if it is not an element), its size (None if not stated), and where its content begins."""
    head = source.at(position, _LARGEST_HEAD)
    width = 9 - head[0].bit_length() if head else 9
    if width > 4 or len(head) <= width:
        return 0, None, position
    sizing = 9 - head[width].bit_length()
    if sizing > 8 or len(head) < width + sizing:
        return 0, None, position
    field = int.from_bytes(head[width : width + sizing], "big") & (1 << 7 * sizing) - 1
    size = None if field == (1 << 7 * sizing) - 1 else field
    return int.from_bytes(head[:width], "big"), size, position + width + sizing


def mxf(source: Source) -> Length:
    """MXF: the footer is at the position that the header states, or anywhere if it states none."""
    head = source.at(0, 64)
    content = _mxf_content(head)
    footer = int.from_bytes(head[content + 24 : content + 32], "big")
    if footer and (source.at(footer, 14)[:13] != _MXF_PARTITION):
        raise cut_off(f"its header states a footer at {footer}, and it has {source.size} bytes")
    if source.thorough or footer:
        _check_mxf(source, 0 if source.thorough else footer)
    return Length.STATED


def _check_mxf(source: Source, position: int) -> None:
    """Checks that all parts from a position on are whole, up to the footer and its parts."""
    footer = False
    while position < source.size:
        head = source.at(position, 25)
        if not head.startswith(_MXF_KEY):
            source.check_rest(position)
            break
        if len(head) < 17:
            raise cut_off("its last part is not whole")
        footer = footer or (head.startswith(_MXF_PARTITION) and head[13] == _MXF_FOOTER)
        content = _mxf_content(head)
        position += content + (int.from_bytes(head[17:content], "big") if head[16] & 0x80 else head[16])
        source.check_holds(position)
    if not footer:
        raise cut_off("its footer is missing")


def _mxf_content(head: bytes) -> int:
    """Where the content begins after a key of 16 bytes and a length of any number of bytes."""
    return 17 + (head[16] & 0x7F if len(head) > 16 and head[16] & 0x80 else 0)
