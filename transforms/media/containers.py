"""Container formats, recognised by a file's first bytes, never by its name.

The demuxer is chosen here and forced on FFmpeg. Only listed formats are opened: playlists and scripts (HLS, ffconcat,
SDP, ...), which would make FFmpeg read other files or addresses, are missing on purpose.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.source_file import ID3_HEADER, id3_bytes

HEAD_BYTES = 4096
"""Bytes that are read for this, after any ID3 tag."""

LARGEST_TAG = 64 * 2**20
"""An ID3 tag with cover art may be large; a larger tag is an attack."""


@dataclass(frozen=True)
class Container:
    """A file format, and how exactly its files state their length.

    Attributes:
      name: As in `MediaInfo.container`.
      demuxer: FFmpeg's name.
      claim: How far the decoded length may be from the length that the file states.
        `exact`: the writer counts samples; both agree to within one block of the codec.
        `close`: the writer counts ticks or packets; both agree to within a quarter of a second.
        `none`: the length is estimated from the bit rate, and is not compared.
      elementary: Whether it has bare frames without index or timestamps: bytes outside of frames are lost audio.
    """

    name: str
    demuxer: str
    claim: str
    elementary: bool = False


WAV = Container("wav", "wav", "exact")
RF64 = Container("rf64", "wav", "exact")
W64 = Container("w64", "w64", "exact")
AIFF = Container("aiff", "aiff", "exact")
AU = Container("au", "au", "close")
CAF = Container("caf", "caf", "exact")
FLAC = Container("flac", "flac", "exact")
MP3 = Container("mp3", "mp3", "none", elementary=True)
MP3_COUNTED = Container("mp3", "mp3", "exact", elementary=True)
MP2 = Container("mp2", "mp3", "none", elementary=True)
ADTS = Container("adts", "aac", "none", elementary=True)
LOAS = Container("loas", "loas", "none", elementary=True)
AC3 = Container("ac3", "ac3", "none", elementary=True)
EAC3 = Container("eac3", "eac3", "none", elementary=True)
DTS = Container("dts", "dts", "none", elementary=True)
AMR = Container("amr", "amr", "none", elementary=True)
OGG = Container("ogg", "ogg", "exact")
MATROSKA = Container("matroska", "matroska", "close")
WEBM = Container("webm", "matroska", "close")
ASF = Container("asf", "asf", "close")
AVI = Container("avi", "avi", "close")
FLV = Container("flv", "flv", "close")
MPEG_TS = Container("mpegts", "mpegts", "close")
MPEG_PS = Container("mpeg", "mpeg", "close")
MXF = Container("mxf", "mxf", "close")
APE = Container("ape", "ape", "exact")
WAVPACK = Container("wv", "wv", "exact")
TTA = Container("tta", "tta", "exact")
TAK = Container("tak", "tak", "exact")
QCP = Container("qcp", "qcp", "none")
VOC = Container("voc", "voc", "none")
SVX = Container("iff", "iff", "none")
DSS = Container("dss", "dss", "none")
SPHERE = Container("nistsphere", "nistsphere", "exact")

# The brands of an ISO base media file that are not plain MP4.
_BRANDS = {b"M4A ": "m4a", b"M4B ": "m4a", b"M4P ": "m4a", b"qt  ": "mov"}

_ASF_GUID = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_W64_GUID = bytes.fromhex("726966662e91cf11a5d628db04c10000")
_MXF_KEY = bytes.fromhex("060e2b34020501010d01020101")
TS_PACKETS = ((0, 188), (4, 192))
"""Where a transport stream's first sync byte is, and how many bytes further the next."""


def _iso_media(head: bytes) -> Container | None:
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        name = "3gp" if brand.startswith((b"3gp", b"3g2", b"3ga")) else _BRANDS.get(brand, "mp4")
        return Container(name, "mov", "exact")
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip"):
        return Container("mov", "mov", "exact")
    return None


def _riff(head: bytes) -> Container | None:
    kind, form = head[:4], head[8:12]
    if form == b"WAVE":
        if kind in (b"RIFF", b"RIFX"):
            return WAV
        return RF64 if kind in (b"RF64", b"BW64") else None
    if kind != b"RIFF":
        return None
    return {b"AVI ": AVI, b"QLCM": QCP}.get(form)


def _matroska(head: bytes) -> Container | None:
    if not head.startswith(b"\x1a\x45\xdf\xa3"):
        return None
    return WEBM if b"webm" in head[:64] else MATROSKA


def _transport_stream(head: bytes) -> Container | None:
    for offset, size in TS_PACKETS:
        starts = range(offset, len(head), size)
        if len(starts) >= 4 and all(head[start] == 0x47 for start in starts):
            return MPEG_TS
    return None


def _frame_sync(head: bytes) -> Container | None:
    """MPEG audio, ADTS and AC-3 begin with the sync word of their first frame."""
    if len(head) < 8:
        return None
    found = None
    if head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        found = ADTS
    elif head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x06 and head[2] >> 4 != 0xF:
        # Each of these marks begins a count of the frames, which gives the length.
        counted = re.search(rb"Xing|Info|VBRI", head[:300])
        found = MP2 if head[1] & 0x06 != 0x02 else MP3_COUNTED if counted else MP3
    elif head[0] == 0x56 and head[1] & 0xE0 == 0xE0:
        found = LOAS
    elif head.startswith(b"\x0b\x77"):
        found = EAC3 if head[5] >> 3 > 10 else AC3
    return found


def _form(head: bytes) -> Container | None:
    if not head.startswith(b"FORM"):
        return None
    return {b"AIFF": AIFF, b"AIFC": AIFF, b"8SVX": SVX}.get(head[8:12])


_MAGIC: tuple[tuple[bytes, Container], ...] = (
    (b"fLaC", FLAC),
    (b"OggS", OGG),
    (b".snd", AU),
    (b"caff", CAF),
    (b"#!AMR", AMR),
    (_ASF_GUID, ASF),
    (_W64_GUID, W64),
    (_MXF_KEY, MXF),
    (b"FLV\x01", FLV),
    (b"\x00\x00\x01\xba", MPEG_PS),
    (b"MAC ", APE),
    (b"wvpk", WAVPACK),
    (b"TTA1", TTA),
    (b"tBaK", TAK),
    (b"Creative Voice File", VOC),
    (b"\x02dss", DSS),
    (b"\x03dss", DSS),
    (b"NIST_1A", SPHERE),
    (b"\x7f\xfe\x80\x01", DTS),
    (b"\xfe\x7f\x01\x80", DTS),
)

_STRUCTURED: tuple[Callable[[bytes], Container | None], ...] = (
    _riff,
    _form,
    _iso_media,
    _matroska,
    _transport_stream,
    _frame_sync,
)


def recognise(file: BinaryIO) -> Container:
    """Finds the container of an open file by its content; leaves the file at its start.

    Raises:
      MediaError: `unsupported`.
    """
    head = _after_tags(file)[0]
    file.seek(0)
    if not head:
        raise MediaError("unsupported", "the file is empty, or ends before its audio: copy it again")
    for magic, container in _MAGIC:
        if head.startswith(magic):
            return container
    for look in _STRUCTURED:
        found = look(head)
        if found is not None:
            return found
    raise MediaError("unsupported", "the file is not of a supported audio or video format")


def wav_block_bytes(file: BinaryIO, container: Container) -> int | None:
    """The block size in a WAV file's format chunk; None for other containers. Keeps the file's position."""
    if container.name != "wav":
        return None
    position = file.tell()
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(position)
    chunk = head.find(b"fmt ", 12)
    return int.from_bytes(head[chunk + 20 : chunk + 22], "little") or None if chunk >= 0 else None


def tags_end(file: BinaryIO) -> int:
    """Position after any ID3 tags. Leaves the file at any position."""
    return _after_tags(file)[1]


def _after_tags(file: BinaryIO) -> tuple[bytes, int]:
    """The first bytes after any ID3 tags, and their position."""
    position = 0
    while position <= LARGEST_TAG:
        file.seek(position)
        head = file.read(HEAD_BYTES)
        if not head.startswith(b"ID3") or len(head) < ID3_HEADER:
            return head, position
        position += id3_bytes(head)
    return b"", position
