"""Recordings among other files, recognised by their first bytes or by their names, without a decoder."""

from __future__ import annotations

import io
from pathlib import PurePosixPath

from hushbeam.transforms.media.containers import HEAD_BYTES, recognise
from hushbeam.transforms.media.errors import MediaError

__all__ = ["HEAD_BYTES", "SUFFIXES", "is_named_as_recording", "is_recording"]

_SUFFIXES = """
.3g2 .3ga .3gp .aac .ac3 .adts .aif .aifc .aiff .amr .ape .asf .au .avi .awb .caf .dss .dts .eac3 .flac .flv .loas
.m2ts .m4a .m4b .m4v .mka .mkv .mov .mp2 .mp3 .mp4 .mpeg .mpg .mts .mxf .nist .oga .ogg .ogv .opus .qcp .rf64 .snd
.sph .spx .tak .tta .voc .w64 .wav .wave .webm .wma .wmv .wv
"""
SUFFIXES = frozenset(_SUFFIXES.split())
"""Ends of names of recordings. `.ts` is missing: most such files are programs."""

_READ_AS_TEXT = 512
_TEXT_WITH_AUDIO = (b"#!AMR", b"NIST_1A")
_NOT_IN_TEXT = frozenset(range(32)) - set(b"\t\n\r\f\x1b")


def is_recording(head: bytes) -> bool:
    """Whether a file that begins with these bytes (`HEAD_BYTES` of them) is audio or video."""
    if head.startswith(b"ID3"):
        return True
    if _is_text(head):
        return False
    try:
        recognise(io.BytesIO(head))
    except MediaError:
        return False
    return True


def is_named_as_recording(name: str) -> bool:
    """Whether the end of a name is that of a recording. A query does not count."""
    return PurePosixPath(name.split("?", 1)[0]).suffix.lower() in SUFFIXES


def _is_text(head: bytes) -> bool:
    """Text may begin with the mark of a format (MAC addresses), or as UTF-16 with what looks like a frame of MPEG."""
    if head.startswith(_TEXT_WITH_AUDIO):
        return False
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return b"\0" in head[2:4]
    first = head[:_READ_AS_TEXT]
    if _NOT_IN_TEXT.intersection(first):
        return False
    try:
        first.decode()
    except UnicodeDecodeError as error:
        return len(first) == _READ_AS_TEXT and error.start > _READ_AS_TEXT - 4  # a character is cut
    return True
