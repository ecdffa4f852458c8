"""Completeness of files whose header states a size or a count: AU, VOC, SPHERE, DSS, APE, TTA, WavPack, FLAC, MP3."""

from __future__ import annotations

import re

from hushbeam.transforms.media.source_file import Length, Source, cut_off

_VOC_TYPES = 10
_SOX_FORGETS = 8
_DSS_BLOCK = 512
_TTA_HEADER = 22
_LARGEST_TABLE = 4 * 2**20
"""The table of a recording of twelve days."""

_APE_DESCRIBED = 3980
"""The first version whose header states the sizes of all parts."""


def au(source: Source) -> Length:
    """AU: an offset and a size."""
    start, size = source.number(4, 4, "big"), source.number(8, 4, "big")
    if size in {0, 0xFFFFFFFF}:
        return Length.OPEN
    source.check_holds(start + size)
    source.check_rest(start + size)
    return Length.STATED


def voc(source: Source) -> Length:
    """Creative Voice: blocks, with a mark after the last one."""
    first = position = source.number(20, 2, "little")
    while source.thorough:
        head = source.at(position, 4)
        if not head:
            raise cut_off("its last block is missing")
        if _is_short_by_sox(source, first, position):
            break
        if head[0] == 0:
            source.check_rest(position + 1)
            break
        if head[0] >= _VOC_TYPES:
            source.check_rest(position)
        position += 4 + int.from_bytes(head[1:4], "little")
        source.check_holds(position)
    return Length.STATED


def _is_short_by_sox(source: Source, first: int, position: int) -> bool:
    """Whether these are the eight bytes that sox forgets in the size of its one block of 16-bit samples."""
    return (
        position > first
        and source.size - position == _SOX_FORGETS + 1
        and source.at(source.size - 1, 1) == b"\0"
        and source.at(first, 1) == b"\x09"
        and first + 4 + source.number(first + 1, 3, "little") == position
    )


def sphere(source: Source) -> Length:
    """NIST SPHERE: a text header with the number of samples."""
    size = re.match(rb"NIST_1A\s+(\d{1,7})\s", source.at(0, 16))
    header = source.at(0, min(int(size[1]), 2**16) if size else 1024)
    count, width, channels = (_field(header, name) for name in (b"sample_count", b"sample_n_bytes", b"channel_count"))
    if not size or count is None:
        return Length.UNSTATED
    compressed = re.search(rb"^sample_coding\s+\S+\s+\S*(shorten|wavpack|shortpack)", header, re.MULTILINE)
    if not compressed and width is not None:
        source.check_holds(int(size[1]) + count * width * (channels or 1))
    return Length.STATED


def _field(header: bytes, name: bytes) -> int | None:
    found = re.search(rb"^" + name + rb"\s+-(?:i|s\d+)\s+(\d{1,18})\s", header, re.MULTILINE)
    return int(found[1]) if found else None


def dss(source: Source) -> Length:
    """Digital Speech Standard: whole blocks; their number is not stated."""
    missing = -source.size % _DSS_BLOCK
    if missing:
        raise cut_off(f"its last block lacks {missing} bytes")
    return Length.UNSTATED


def ape(source: Source) -> Length:
    """Monkey's Audio: the number of samples, and in newer files the sizes of all parts."""
    head = source.at(0, 36)
    if int.from_bytes(head[4:6], "little") >= _APE_DESCRIBED:
        parts = (int.from_bytes(head[place : place + 4], "little") for place in (8, 12, 16, 20, 24, 32))
        source.check_holds(sum(parts) + (int.from_bytes(head[28:32], "little") << 32))
    return Length.STATED


def tta(source: Source) -> Length:
    """True Audio: a table of the frames' sizes."""
    rate_hz, samples = source.number(10, 4, "little"), source.number(14, 4, "little")
    # A frame is 256 / 245 seconds, by the format's definition.
    longest = rate_hz * 256 // 245
    frames = -(-samples // longest) if longest else 0
    table = source.at(_TTA_HEADER, min(4 * frames, _LARGEST_TABLE))
    sizes = sum(int.from_bytes(table[entry : entry + 4], "little") for entry in range(0, len(table), 4))
    end = _TTA_HEADER + 4 * frames + 4 + sizes
    source.check_holds(end)
    source.check_rest(end)
    return Length.STATED


def wavpack(source: Source) -> Length:
    """WavPack: the number of samples, or -1 from a pipe."""
    return Length.UNSTATED if source.number(12, 4, "little") == 0xFFFFFFFF else Length.STATED


def flac(source: Source) -> Length:
    """FLAC: the number of samples, or zero from a pipe."""
    return Length.STATED if source.number(21, 5, "big") & 0xFFFFFFFFF else Length.UNSTATED


def mp3(source: Source) -> Length:
    """MP3: a first frame may state the number of the other frames and their bytes."""
    frames, size = mp3_counts(source.at(0, 512))
    if size is not None:
        source.check_holds(size)
    return Length.STATED if frames else Length.OPEN


def mp3_counts(head: bytes) -> tuple[int | None, int | None]:
    """Numbers of frames after the first and of bytes with it, from the first frame of an MP3; None if not stated."""
    found = re.search(rb"Xing|Info|VBRI", head[:300])
    if not found:
        return None, None
    if found[0] == b"VBRI":
        fields = head[found.end() + 6 :]
        return _count(fields[4:8]), _count(fields[:4])
    flags = int.from_bytes(head[found.end() : found.end() + 4], "big")
    fields = head[found.end() + 4 :]
    frames = _count(fields[:4]) if flags & 1 else None
    size = fields[4:8] if flags & 1 else fields[:4]
    return frames, _count(size) if flags & 2 else None


def _count(field: bytes) -> int | None:
    return int.from_bytes(field, "big") or None


def mpeg_frame_bytes(header: bytes) -> int | None:
    """The size of an MPEG audio frame, layers I to III, from its header; None if the header does not state it."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    rate = {3: 1, 2: 2, 0: 4}.get(version)
    rates_hz = (44_100, 48_000, 32_000)
    place = header[2] >> 2 & 3
    if rate is None or layer == 4 or place == 3:
        return None
    kbits = _MPEG_KBITS[(version == 3, layer)][header[2] >> 4]
    if not kbits:
        return None
    rate_hz = rates_hz[place] // rate
    padding = header[2] >> 1 & 1
    if layer == 1:
        return (12_000 * kbits // rate_hz + padding) * 4
    samples = 576 if layer == 3 and version != 3 else 1152
    return samples // 8 * 1000 * kbits // rate_hz + padding


_LOW_KBITS = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0)
_MPEG_KBITS = {
    (True, 1): (0, *range(32, 449, 32), 0),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 0),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256, 0),
    (False, 2): _LOW_KBITS,
    (False, 3): _LOW_KBITS,
}
