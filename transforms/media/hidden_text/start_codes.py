"""Cleaner of MPEG-1, MPEG-2, MPEG-4 part 2 and VC-1: drops user data and other units that pictures do not need.

User data hold closed captions in MPEG-2 (ATSC A/53, SCTE 20, DVD), and in other codecs any data of the encoder.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from hushbeam.transforms.media.hidden_text.cleaner import damaged, not_cleanable

_START_CODE = b"\0\0\1"

Keep = Callable[[bytes], bytes]
"""Returns the kept part of a unit (from its start code's last byte): all of it, a shorter one, or empty bytes."""


class StartCodeCleaner:
    """Cleans a track whose units begin with start codes.

    Args:
      lead_bytes: Most bytes before the first start code of a packet that are kept. None keeps all of them, because
        pictures may lie there.
    """

    def __init__(self, keep: Keep, header: bytes, lead_bytes: int | None, header_lead_bytes: int = 0) -> None:
        self._keep = keep
        self._lead_bytes = lead_bytes
        self.header = self._cleaned(header, header_lead_bytes) if header else b""

    def clean(self, picture: bytes) -> bytes:
        """As `Cleaner.clean`."""
        return self._cleaned(picture, self._lead_bytes)

    def _cleaned(self, content: bytes, lead_bytes: int | None) -> bytes:
        lead, *units = content.split(_START_CODE)
        kept_lead = lead if lead_bytes is None or len(lead.strip(b"\0")) <= lead_bytes else b""
        if not units and not kept_lead:
            raise damaged()
        cleaned = [self._keep(unit) for unit in units]
        if cleaned == units and kept_lead is lead:
            return content
        return b"".join([kept_lead, *(_START_CODE + unit for unit in cleaned if unit)])


def mpeg12_cleaner(codec: str, header: bytes) -> StartCodeCleaner:
    """For `mpeg1video` and `mpeg2video`."""
    return StartCodeCleaner(_Mpeg12(codec).keep, header, 0)


def mpeg4_cleaner(header: bytes) -> StartCodeCleaner:
    """For MPEG-4 part 2. In AVI, packets of one byte repeat the last picture."""
    return StartCodeCleaner(_keep_mpeg4, header, 1)


def vc1_cleaner(header: bytes) -> StartCodeCleaner:
    """For VC-1's advanced profile. In some containers packets begin with a picture, without a start code."""
    # In ASF, one byte precedes the header's start codes.
    return StartCodeCleaner(_keep_vc1, header, None, header_lead_bytes=1)


_EXTENSION_BYTES = {1: 7, 2: 9, 3: 258, 4: 12, 5: 9, 7: 17, 8: 9, 9: 9, 10: 9}
"""Largest sizes of MPEG-2's extensions: sequence, display, quantisers, copyright, layers, pictures."""


class _Mpeg12:
    _SEQUENCE, _EXTENSION, _END, _GROUP = 0xB3, 0xB5, 0xB7, 0xB8
    _SLICES = range(0x01, 0xB0)

    def __init__(self, codec: str) -> None:
        self._codec = codec

    def keep(self, unit: bytes) -> bytes:
        kind = unit[0] if unit else None
        if kind in self._SLICES:
            return self._slice(unit)
        if kind == 0:
            return _cut(unit, self._picture_bytes(unit))
        if kind == self._GROUP:
            return _cut(unit, 5)
        if kind == self._SEQUENCE:
            return _cut(unit, 9 + 2 * 64)
        if kind == self._EXTENSION and len(unit) > 1:
            return _cut(unit, _EXTENSION_BYTES.get(unit[1] >> 4, 0))
        return _cut(unit, 1) if kind == self._END else b""

    def _picture_bytes(self, unit: bytes) -> int:
        """A picture header's length, if it contains no information that the standard leaves open."""
        if len(unit) < 5:
            raise damaged()
        kind = unit[2] >> 3 & 7
        # Bits before the mark of such information: 29 and the vectors' ranges, 4 for each direction.
        position = 8 + 29 + {2: 4, 3: 8}.get(kind, 0)
        self._check_unmarked(unit, position)
        return position // 8 + 1

    def _slice(self, unit: bytes) -> bytes:
        if len(unit) > 2 and unit[1] & 0x04:
            # In MPEG-1 this marks such information; in MPEG-2 a byte of flags precedes the mark.
            self._check_unmarked(unit, 8 + (14 if self._codec == "mpeg2video" else 5))
        return unit

    def _check_unmarked(self, unit: bytes, position: int) -> None:
        if position // 8 < len(unit) and unit[position // 8] & 0x80 >> position % 8:
            raise not_cleanable(self._codec)


def _cut(unit: bytes, size: int) -> bytes:
    """The unit, cut to a length if anything but zeros follows."""
    return unit if not unit[size:].strip(b"\0") else unit[:size]


_MPEG4_USER_DATA = 0xB2
_MPEG4_KEPT = frozenset({*range(0x20, 0x30), 0xB6})
_MPEG4_FIXED_BYTES = {**dict.fromkeys(range(0x20), 1), 0xB0: 2, 0xB1: 1, 0xB3: 4, 0xB5: 7}
"""Starts of objects, start of a sequence with its profile, its end, time of a group, largest visual object."""

_MPEG4_ENCODER = re.compile(
    rb"XviD\d{4}C?|DivX\d{3,4}(?:Build|b)\d{3,4}p?|Lavc\d{1,3}\.\d{1,3}\.\d{1,3}|Lavc\d{7}|ffmpeg"
    rb"|FFmpeg[\d.]{0,6}b\d{4}|FFmpeg v\d\.\d\.\d / libavcodec build: \d{4}"
)
"""Names of encoders, by which decoders choose their arithmetic: pictures would differ without them."""


def _keep_mpeg4(unit: bytes) -> bytes:
    if not unit:
        return b""
    if unit[0] == _MPEG4_USER_DATA:
        return unit if _MPEG4_ENCODER.fullmatch(unit[1:].rstrip(b"\0")) else b""
    if unit[0] in _MPEG4_FIXED_BYTES:
        return _cut(unit, _MPEG4_FIXED_BYTES[unit[0]])
    return unit if unit[0] in _MPEG4_KEPT else b""


_VC1_KEPT = frozenset({0x0B, 0x0C, 0x0D, 0x0E, 0x0F})
"""Slices, fields, frames, entry points and sequence headers; 0x1B to 0x1F are their user data."""

_VC1_END = 0x0A


def _keep_vc1(unit: bytes) -> bytes:
    if unit and unit[0] == _VC1_END:
        return _cut(unit, 1)
    return unit if unit and unit[0] in _VC1_KEPT else b""
