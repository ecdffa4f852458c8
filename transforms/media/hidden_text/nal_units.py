"""Cleaner of H.264 and HEVC: keeps units that pictures need, and supplemental information (SEI) without text.

Captions (CEA-608 and 708) and encoders' notes are payloads of SEI units. Players need other payloads: where decoding
can start, how pictures are shown, how bright they are. FFmpeg's filter (`filter_units`) cannot distinguish payloads,
and would remove those too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from hushbeam.transforms.media.hidden_text.cleaner import damaged

_START_CODE = b"\0\0\1"
_ESCAPED = b"\0\0\3"
_NEEDS_ESCAPE = re.compile(rb"\0\0(?=[\0-\3])")
_END = b"\x80"
"""The bits that end a unit whose content ends with a whole byte."""

_PROFILES_WITHOUT_MORE = (66, 77, 88)
"""Profiles of H.264 (baseline, main, extended) whose `avcC` ends after the parameter sets in FFmpeg's files."""

_SHARED_PAYLOADS = {
    0: 64,  # buffering period
    1: 64,  # picture timing
    6: 8,  # recovery point
    19: 256,  # film grain, which decoders add to pictures
    45: 16,  # frame packing
    47: 8,  # display orientation
    137: 24,  # mastering display
    144: 4,  # content light level
    147: 1,  # alternative transfer characteristics
    148: 8,  # ambient viewing environment
}


@dataclass(frozen=True)
class _Standard:
    """Units of a codec that are kept.

    Attributes:
      kind_of: A unit's type, from its first byte.
      head_bytes: Size of a unit's header.
      kept: Types that pictures need.
      fixed_bytes: Sizes of kept types whose units are all of one size.
      supplemental: Types that hold SEI.
      payloads: SEI types without text, with their largest size in bytes.
    """

    kind_of: Callable[[int], int]
    head_bytes: int
    kept: frozenset[int]
    fixed_bytes: Mapping[int, int]
    supplemental: frozenset[int]
    payloads: Mapping[int, int]


_H264 = _Standard(
    kind_of=lambda first: first & 0x1F,
    head_bytes=1,
    # Slices and parameter sets, with their extensions; delimiters and ends.
    kept=frozenset({1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 13, 14, 15, 19, 20, 21}),
    fixed_bytes={9: 2, 10: 1, 11: 1},
    supplemental=frozenset({6}),
    payloads={**_SHARED_PAYLOADS, 7: 64},  # repeated reference picture marking
)
_HEVC = _Standard(
    kind_of=lambda first: first >> 1 & 0x3F,
    head_bytes=2,
    kept=frozenset({*range(10), *range(16, 22), *range(32, 38)}),
    fixed_bytes={35: 3, 36: 2, 37: 2},
    supplemental=frozenset({39, 40}),
    # Active parameter sets, decoding units, temporal layers, checksums of pictures, time codes.
    payloads={**_SHARED_PAYLOADS, 129: 32, 130: 64, 131: 2, 132: 49, 136: 32},
)


class NalUnitCleaner:
    """Cleans a track of H.264 or HEVC, with lengths (as in MP4) or start codes (as in transport streams)."""

    def __init__(self, standard: _Standard, header: bytes, unit_length_bytes: int | None) -> None:
        self._standard = standard
        self._length_bytes = unit_length_bytes
        self.header = header

    def clean(self, picture: bytes) -> bytes:
        """As `Cleaner.clean`."""
        if self._length_bytes is None:
            return _clean_start_codes(picture, self._standard)
        return _clean_lengths(picture, self._length_bytes, self._standard)


def h264_cleaner(header: bytes) -> NalUnitCleaner:
    """For a track with this header: `avcC`, or units with start codes, or nothing."""
    if header[:1] != b"\1":
        return NalUnitCleaner(_H264, _clean_start_codes(header, _H264) if header else b"", None)
    if len(header) < 7:
        raise damaged()
    return NalUnitCleaner(_H264, _clean_avcc(header), (header[4] & 3) + 1)


def hevc_cleaner(header: bytes) -> NalUnitCleaner:
    """For a track with this header: `hvcC`, or units with start codes, or nothing."""
    if len(header) <= 3 or (header[0] == header[1] == 0 and header[2] <= 1):
        return NalUnitCleaner(_HEVC, _clean_start_codes(header, _HEVC) if header else b"", None)
    if len(header) < 23:
        raise damaged()
    return NalUnitCleaner(_HEVC, _clean_hvcc(header), (header[21] & 3) + 1)


def _clean_start_codes(picture: bytes, standard: _Standard) -> bytes:
    before, *units = picture.split(_START_CODE)
    if not units and before.strip(b"\0"):
        raise damaged()
    cleaned = [_clean_unit(unit, standard) for unit in units]
    if units and cleaned == units and not before.strip(b"\0"):
        return picture
    # Units never end with zeros: those belong to the next start code.
    return b"".join(b"\0" + _START_CODE + unit.rstrip(b"\0") for unit in cleaned if unit)


def _clean_lengths(picture: bytes, length_bytes: int, standard: _Standard) -> bytes:
    cleaned = []
    changed = False
    for unit in _units(picture, length_bytes):
        # A start code does not belong within a unit, but decoders begin a new unit at it.
        for part in unit.split(_START_CODE) if _START_CODE in unit else [unit]:
            clean = _clean_unit(part, standard)
            changed |= clean is not unit
            if clean:
                cleaned.append(len(clean).to_bytes(length_bytes, "big") + clean)
    return b"".join(cleaned) if changed else picture


def _units(picture: bytes, length_bytes: int) -> Iterator[bytes]:
    position = 0
    while position < len(picture):
        start = position + length_bytes
        if start > len(picture) and not picture[position:].strip(b"\0"):
            # Some writers add padding.
            return
        end = start + int.from_bytes(picture[position:start], "big")
        if end > len(picture) or start > len(picture):
            raise damaged()
        yield picture[start:end]
        position = end


def _clean_unit(unit: bytes, standard: _Standard) -> bytes:
    """The unit itself, a shorter one, or an empty one."""
    if not unit:
        return b""
    kind = standard.kind_of(unit[0])
    if kind in standard.kept:
        size = standard.fixed_bytes.get(kind)
        return unit if size is None or not unit[size:].strip(b"\0") else unit[:size]
    return _clean_supplemental(unit, standard) if kind in standard.supplemental else b""


def _clean_supplemental(unit: bytes, standard: _Standard) -> bytes:
    """An SEI unit with only the payloads without text; empty if none remains."""
    content = unit[standard.head_bytes :].replace(_ESCAPED, b"\0\0").rstrip(b"\0")
    kept, position, whole = [], 0, True
    while content[position:] != _END:
        start = position
        kind, position = _extended_number(content, position)
        size, position = _extended_number(content, position)
        position += size
        if position >= len(content):
            # The rest is not a valid payload, but a reader could find text in it.
            whole = False
            break
        if size <= standard.payloads.get(kind, -1):
            kept.append(content[start:position])
        else:
            whole = False
    if whole:
        return unit
    if not kept:
        return b""
    return unit[: standard.head_bytes] + _NEEDS_ESCAPE.sub(_ESCAPED, b"".join(kept) + _END)


def _extended_number(content: bytes, position: int) -> tuple[int, int]:
    """A number in bytes of which all but the last are 255, and where it ends."""
    number = 0
    while content[position : position + 1] == b"\xff":
        number += 255
        position += 1
    return number + (content[position] if position < len(content) else 0), position + 1


def _clean_avcc(header: bytes) -> bytes:
    """Only the parameter sets of an H.264 header of MP4."""
    sets, position = _listed(header, 6, header[5] & 0x1F)
    sets = _only(sets, {7, 15}, _H264)
    if position >= len(header):
        raise damaged()
    details, position = _listed(header, position + 1, header[position])
    details = _only(details, {8}, _H264)
    cleaned = [header[:5], bytes([header[5] & 0xE0 | len(sets)]), *map(_with_length, sets)]
    cleaned += [bytes([len(details)]), *map(_with_length, details)]
    if header[1] not in _PROFILES_WITHOUT_MORE and len(header) >= position + 4:
        extensions, _ = _listed(header, position + 4, header[position + 3])
        extensions = _only(extensions, {13}, _H264)
        cleaned += [header[position : position + 3], bytes([len(extensions)]), *map(_with_length, extensions)]
    return b"".join(cleaned)


def _clean_hvcc(header: bytes) -> bytes:
    """Only the parameter sets of an HEVC header of MP4, and SEI without text."""
    cleaned, count, position = [], 0, 23
    for _ in range(header[22]):
        if len(header) < position + 3:
            raise damaged()
        array, size = header[position], int.from_bytes(header[position + 1 : position + 3], "big")
        units, position = _listed(header, position + 3, size)
        units = _only(units, {array & 0x3F}, _HEVC)
        if units:
            count += 1
            cleaned += [bytes([array]), len(units).to_bytes(2, "big"), *map(_with_length, units)]
    return b"".join([header[:22], bytes([count]), *cleaned])


def _listed(header: bytes, position: int, count: int) -> tuple[list[bytes], int]:
    """`count` units, each after its length of two bytes, and where they end."""
    units = []
    for _ in range(count):
        start = position + 2
        position = start + int.from_bytes(header[position:start], "big")
        if position > len(header) or start > len(header):
            raise damaged()
        units.append(header[start:position])
    return units, position


def _only(units: list[bytes], kinds: set[int], standard: _Standard) -> list[bytes]:
    """Units of these types, cleaned, each up to any start code in it."""
    firsts = [unit.split(_START_CODE)[0] for unit in units]
    cleaned = [_clean_unit(unit, standard) for unit in firsts if unit and standard.kind_of(unit[0]) in kinds]
    return [unit for unit in cleaned if unit]


def _with_length(unit: bytes) -> bytes:
    return len(unit).to_bytes(2, "big") + unit
