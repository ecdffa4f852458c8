"""Completeness of files of packets: Ogg, FLV, ASF, MPEG transport and program streams."""

from __future__ import annotations

import struct

from hushbeam.transforms.media import ogg
from hushbeam.transforms.media.containers import TS_PACKETS
from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.source_file import Length, Source, cut_off

_SYNC = 0x47
_ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ASF_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_ASF_INDICES = (
    bytes.fromhex("90080033b1e5cf1189f400a0c90349cb"),
    bytes.fromhex("d329e2d6da35d111903400a0c90349be"),
    bytes.fromhex("f803b1fead12644c840f2a1d2f7ad48c"),
    bytes.fromhex("d03fb73c4a0c0348953dedf7b6228f0c"),
)
_BROADCAST = 1
_OGG_FIRST, _OGG_LAST = 2, 4
_FLV_TAGS = (8, 9, 18)
_PIECE = 64 * 2**10
_PS_PREFIX = b"\0\0\1"
_PS_PACK, _PS_END, _PS_LEAST = 0xBA, 0xB9, 0xBB


def ogg_pages(source: Source) -> Length:
    """Ogg: the last page is whole and marked as the last, and no page before it is missing."""
    tail_start = max(0, source.size - ogg.LARGEST_PAGE)
    tail = source.at(tail_start, ogg.LARGEST_PAGE)
    page = tail.rfind(b"OggS\0")
    end = ogg.page_end(tail, page)
    if end is None:
        raise cut_off("its last Ogg page is not whole")
    if not tail[page + 5] & _OGG_LAST:
        raise cut_off("its last Ogg page does not end the stream")
    source.check_rest(tail_start + end)
    if source.thorough:
        _check_pages(source, tail_start + end)
    return Length.STATED


def _check_pages(source: Source, end: int) -> None:
    """Checks that pages follow each other, without gaps in the numbers of each stream."""
    position, numbers, begun = 0, dict[bytes, int](), False
    while position < end:
        head = source.at(position, ogg.HEADER + 255)
        if not head.startswith(b"OggS"):
            raise MediaError("corrupt", "the file contains bytes that are not part of an Ogg page")
        serial, number = head[14:18], int.from_bytes(head[18:22], "little")
        first = bool(head[5] & _OGG_FIRST)
        if first and begun:
            raise MediaError("format_changes", "a second Ogg stream begins after the first")
        begun = begun or not first
        if not first and number != numbers.get(serial, -1) + 1:
            raise MediaError("corrupt", "an Ogg page is missing")
        numbers[serial] = number
        position += ogg.HEADER + head[26] + sum(head[ogg.HEADER : ogg.HEADER + head[26]])


def flv(source: Source) -> Length:
    """FLV: the size and length in its metadata; the last tag is whole."""
    head = source.at(0, 2048)
    size, duration_s = (_flv_number(head, name) for name in (b"filesize", b"duration"))
    if size:
        source.check_holds(int(size))
    position = int.from_bytes(head[5:9], "big") + 4
    while source.thorough and position < source.size:
        tag = source.at(position, 11)
        if tag[0] & 0x1F not in _FLV_TAGS:
            source.check_rest(position)
            break
        position += len(tag) + int.from_bytes(tag[1:4], "big")
        if len(tag) < 11 or position > source.size:
            raise cut_off("its last tag is not whole")
        position += 4
    return Length.STATED if size or duration_s else Length.UNSTATED


def _flv_number(head: bytes, name: bytes) -> float:
    """A number in the metadata, by its name; 0 if it is missing or not plausible."""
    start = head.find(name + b"\0")
    if start < 0 or len(head) < start + len(name) + 9:
        return 0.0
    (number,) = struct.unpack_from(">d", head, start + len(name) + 1)
    return number if 0 < number < 2**53 else 0.0


def asf(source: Source) -> Length:
    """ASF: the data object is whole, and only indices follow it."""
    header = source.number(16, 8, "little")
    content = source.at(0, min(header, 2**16))
    properties = content.find(_ASF_PROPERTIES)
    data = source.at(header, 24)
    if properties < 0 or not data.startswith(_ASF_DATA):
        return Length.OPEN
    flags = int.from_bytes(content[properties + 88 : properties + 92], "little")
    size = int.from_bytes(data[16:24], "little")
    if flags & _BROADCAST or not size:
        return Length.OPEN
    position = header + size
    source.check_holds(position)
    while position < source.size:
        index = source.at(position, 24)
        if not index.startswith(_ASF_INDICES):
            source.check_rest(position)
            break
        position += max(24, int.from_bytes(index[16:24], "little"))
    return Length.STATED


def transport_stream(source: Source) -> Length:
    """MPEG-TS: whole packets; the format has no mark at the end."""
    head = source.at(0, 4 * TS_PACKETS[-1][1])
    for offset, packet in TS_PACKETS:
        if all(head[place] == _SYNC for place in range(offset, len(head), packet)):
            tail = source.size % packet
            if tail and source.at(source.size - tail, tail).strip(b"\0"):
                raise cut_off(f"its last packet lacks {packet - tail} bytes")
            break
    return Length.UNSTATED


def program_stream(source: Source) -> Length:
    """MPEG-PS: whole packets, and an end code if the writer wrote one."""
    position = 0
    while source.thorough and position < source.size:
        head = source.at(position, 14)
        if not head.startswith(_PS_PREFIX):
            position = _after_zeros(source, position)
            continue
        if len(head) < 6 and head[3:4] != bytes((_PS_END,)):
            raise cut_off("its last packet is not whole")
        position += _program_packet(head)
        source.check_holds(position)
    return Length.STATED if source.at(source.size - 4, 4) == bytes((0, 0, 1, _PS_END)) else Length.UNSTATED


def _after_zeros(source: Source, position: int) -> int:
    """Where the next packet begins after padding zeros, or the end of the file."""
    start = position
    while piece := source.at(position, _PIECE):
        padding = len(piece) - len(piece.lstrip(b"\0"))
        if padding < len(piece):
            position += padding - 2
            if position <= start or source.at(position, 3) != _PS_PREFIX:
                source.check_rest(start)
                return source.size
            return position
        position += padding
    return source.size


def _program_packet(head: bytes) -> int:
    """The size of a part of a program stream."""
    code = head[3]
    if code == _PS_END:
        return 4
    if code == _PS_PACK:
        # MPEG-2 has a longer head than MPEG-1, with stuffing.
        return 14 + (head[13] & 7) if head[4] >> 6 == 1 and len(head) > 13 else 12
    return 6 + int.from_bytes(head[4:6], "big") if code >= _PS_LEAST else 4
