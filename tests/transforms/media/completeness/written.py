"""Writes files from their parts, so that a test can damage each part."""

from __future__ import annotations

import struct

import numpy as np

from tests.transforms.media.recordings import speech

RATE_HZ = 8_000
W64_CHUNK = bytes.fromhex("f3acd3118cd100c04f8edb8a")
W64_RIFF = bytes.fromhex("726966662e91cf11a5d628db04c10000")


def samples(width: int = 2) -> bytes:
    """A telephone call's samples, in one channel."""
    scale = 127 if width == 1 else 32767
    values: bytes = np.round(speech(RATE_HZ, 1)[0] * scale).astype(f"<i{width}").tobytes()
    return values


def chunk(name: bytes, content: bytes, *, size: int | None = None, pad: bool = True, order: str = "<") -> bytes:
    """A RIFF or IFF chunk; `size` is what it states in the place of its own."""
    stated = len(content) if size is None else size
    return name + struct.pack(f"{order}I", stated) + content + b"\0" * (pad and len(content) % 2)


def format_chunk(code: int = 1, bits: int = 16) -> bytes:
    """The format of a WAV in one channel."""
    width = bits // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", code, 1, RATE_HZ, RATE_HZ * width, width, bits))


def riff(*chunks: bytes, size: int | None = None, form: bytes = b"WAVE") -> bytes:
    """A RIFF file; `size` is what it states in the place of its own."""
    content = form + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(content) if size is None else size) + content


def wav(audio: bytes, *after: bytes, size: int | None = None, riff_size: int | None = None, bits: int = 16) -> bytes:
    """A WAV of linear samples."""
    return riff(format_chunk(bits=bits), chunk(b"data", audio, size=size), *after, size=riff_size)


def rf64(audio: bytes, *, size: int | None = None, after: bytes = b"") -> bytes:
    """An RF64 of 16-bit samples whose sizes stand in `ds64`."""
    stated = len(audio) if size is None else size
    sizes = struct.pack("<QQQI", 4 + 36 + 24 + 8 + stated, stated, stated // 2, 0)
    whole = b"WAVE" + chunk(b"ds64", sizes) + format_chunk() + chunk(b"data", audio, size=0xFFFFFFFF) + after
    return b"RF64" + struct.pack("<I", 0xFFFFFFFF) + whole


def w64(audio: bytes, *, size: int | None = None, after: bytes = b"") -> bytes:
    """A Wave64 of 16-bit samples."""
    fmt = struct.pack("<HHIIHH", 1, 1, RATE_HZ, RATE_HZ * 2, 2, 16)
    parts = _w64_chunk(b"fmt ", fmt) + _w64_chunk(b"data", audio, size) + after
    return W64_RIFF + struct.pack("<Q", 40 + len(parts)) + b"wave" + W64_CHUNK + parts


def _w64_chunk(name: bytes, content: bytes, size: int | None = None) -> bytes:
    stated = 24 + len(content) if size is None else size
    return name + W64_CHUNK + struct.pack("<Q", stated) + content + bytes(-len(content) % 8)


def caf(audio: bytes, *, size: int | None = None, after: bytes = b"") -> bytes:
    """A Core Audio file of 16-bit samples, lowest byte first."""
    described = struct.pack(">d4sIIIII", RATE_HZ, b"lpcm", 2, 2, 1, 1, 16)
    stated = 4 + len(audio) if size is None else size
    return (
        b"caff\0\1\0\0"
        + b"desc"
        + struct.pack(">q", len(described))
        + described
        + b"data"
        + struct.pack(">q", stated)
        + bytes(4)
        + audio
        + after
    )


def svx(audio: bytes, *, size: int | None = None, after: bytes = b"") -> bytes:
    """An Amiga 8SVX of 8-bit samples."""
    voice = struct.pack(">IIIHBBI", len(audio), 0, 0, RATE_HZ, 1, 0, 65536)
    content = b"8SVX" + chunk(b"VHDR", voice, order=">") + chunk(b"BODY", audio, size=size, order=">") + after
    return b"FORM" + struct.pack(">I", len(content)) + content


def aiff(audio: bytes, *, size: int | None = None, frames: int | None = None, after: bytes = b"") -> bytes:
    """An AIFF of 16-bit samples; `audio` has the highest byte first."""
    # 8000 as a number of ten bytes.
    rate = bytes.fromhex("400bfa00000000000000")
    common = struct.pack(">hIh", 1, len(audio) // 2 if frames is None else frames, 16) + rate
    stated = None if size is None else size
    body = chunk(b"SSND", bytes(8) + audio, size=stated, order=">")
    content = b"AIFF" + chunk(b"COMM", common, order=">") + body + after
    return b"FORM" + struct.pack(">I", len(content)) + content


def au(audio: bytes, *, size: int | None = None) -> bytes:
    """A Sun AU of 16-bit samples."""
    stated = len(audio) if size is None else size
    return b".snd" + struct.pack(">IIIII", 24, stated, 3, RATE_HZ, 1) + audio


def voc(*blocks: bytes, end: bytes = b"\0") -> bytes:
    """A Creative Voice file."""
    return b"Creative Voice File\x1a" + struct.pack("<HHH", 26, 0x0114, 0x111F) + b"".join(blocks) + end


def voc_block(audio: bytes, *, first: bool, size: int | None = None) -> bytes:
    """A block of 16-bit samples."""
    head = struct.pack("<IBBHI", RATE_HZ, 16, 1, 4, 0) if first else b""
    stated = len(head) + len(audio) if size is None else size
    return (b"\x09" if first else b"\x02") + struct.pack("<I", stated)[:3] + head + audio


def sphere(audio: bytes, *, count: int | None = None) -> bytes:
    """A NIST SPHERE of 16-bit samples; without a count where that is negative."""
    stated = len(audio) // 2 if count is None else count
    counted = b"" if stated < 0 else b"sample_count -i %d\n" % stated
    fields = b"channel_count -i 1\nsample_rate -i 8000\nsample_n_bytes -i 2\nsample_byte_format -s2 01\n" + counted
    return (b"NIST_1A\n   1024\n" + fields + b"sample_coding -s3 pcm\nend_head\n").ljust(1024, b" ") + audio


def qcp(frames: int, *, size: int | None = None) -> bytes:
    """A QCP of QCELP frames at an eighth of the rate."""
    guid = bytes.fromhex("416d7f5e15b1d011ba9100805fb4b97e")
    rates = struct.pack("<I", 1) + b"\x01\x03" + bytes(14)
    fmt = b"\1\0" + guid + struct.pack("<H", 2) + bytes(80) + struct.pack("<HHHHH", 13000, 4, 160, 8000, 16)
    return riff(
        chunk(b"fmt ", fmt + rates + bytes(20)), chunk(b"data", b"\x01\0\0\0" * frames, size=size), form=b"QLCM"
    )


def ape_header(parts: tuple[int, int, int, int, int, int]) -> bytes:
    """The description of a Monkey's Audio file that states the sizes of its six parts; the last one is high bits."""
    descriptor, header, table, wave, audio, high = parts
    return b"MAC " + struct.pack("<HHIIIIIII", 3990, 0, descriptor, header, table, wave, audio, high, 0)


def matroska(*elements: bytes, size: int | None) -> bytes:
    """An EBML header, and a segment that states `size`, or none."""
    header = bytes.fromhex("1a45dfa3") + b"\x80"
    stated = b"\x01" + b"\xff" * 7 if size is None else (size | 1 << 56).to_bytes(8, "big")
    return header + bytes.fromhex("18538067") + stated + b"".join(elements)


def box(kind: bytes, content: bytes = b"", *, size: int | None = None) -> bytes:
    """An MP4 box."""
    return struct.pack(">I", 8 + len(content) if size is None else size) + kind + content
