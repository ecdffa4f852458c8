"""Makes hostile files from real recordings."""

from __future__ import annotations

from pathlib import Path

from tests.transforms.media.recordings import EXACT

_MATROSKA = next(recipe for recipe in EXACT if recipe.name == "flac.mka")
_SEGMENT, _CLUSTER = bytes.fromhex("18538067"), bytes.fromhex("1f43b675")
_ATTACHMENTS, _ATTACHED_FILE = bytes.fromhex("1941a469"), bytes.fromhex("61a7")
_FILE_NAME, _MEDIA_TYPE, _FILE_DATA = bytes.fromhex("466e"), bytes.fromhex("4660"), bytes.fromhex("465c")
_UNKNOWN_SIZE = b"\x01" + b"\xff" * 7


def playlists(folder: Path, other: Path, address: str) -> dict[str, Path]:
    """Files that tell a player to read `other`, or to ask `address`; each named as if it were a call."""
    texts = {
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9,\n{other.name}\n#EXT-X-ENDLIST\n",
        "hls-remote": f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9,\n{address}/1.ts\n#EXT-X-ENDLIST\n",
        "hls-key": f'#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{address}/key"\n#EXTINF:9,\n{other.name}\n',
        "dash": f"<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011'><BaseURL>{address}/</BaseURL></MPD>",
        "ffconcat": f"ffconcat version 1.0\nfile {other.name}\n",
        "m3u": f"{address}/1.wav\n{other}\n",
        "pls": f"[playlist]\nFile1={address}/1.wav\nNumberOfEntries=1\n",
        "asx": f'<asx version="3.0"><entry><ref href="{address}/1.wav"/></entry></asx>',
        "smil": f'<smil><body><audio src="{address}/1.wav"/></body></smil>',
        "xspf": f"<playlist><trackList><track><location>{address}/1</location></track></trackList></playlist>",
        "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
        "imf": f"<AssetMap xmlns='http://www.smpte-ra.org/schemas/429-9/2007/AM'><Path>{other.name}</Path></AssetMap>",
        "svg": f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{address}/1.png"/></svg>',
        "zip": "PK\x03\x04",
    }
    written = {}
    for name, text in texts.items():
        written[name] = folder / f"{name}.wav"
        written[name].write_text(text)
    return written


def elsewhere(folder: Path, other: Path) -> dict[str, Path]:
    """Movies whose index is their own and whose audio is another file's, in each way that FFmpeg knows to name one."""
    movie = next(recipe for recipe in EXACT if recipe.name == "pcm.mov").write(folder).read_bytes()
    own = b"\x00\x00\x00\x0curl \x00\x00\x00\x01"
    start = movie.index(own)
    names = {
        "url": b"url \x00\x00\x00\x00" + f"file://{other}".encode() + b"\0",
        "relative": b"url \x00\x00\x00\x00" + other.name.encode() + b"\0",
        "alias": b"alis\x00\x00\x00\x00" + _alias(other),
    }
    written = {}
    for kind, entry in names.items():
        reference = (len(entry) + 4).to_bytes(4, "big") + entry
        path = folder / f"elsewhere-{kind}.mov"
        path.write_bytes(_grown(movie, start, len(own), reference))
        written[kind] = path
    return written


def _grown(movie: bytes, start: int, length: int, reference: bytes) -> bytes:
    """A movie with another data reference; the sizes of all boxes around it follow. The index is at its end."""
    content = bytearray(movie[:start] + reference + movie[start + length :])
    for box in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        size = movie.rindex(box, 0, start) - 4
        content[size : size + 4] = (int.from_bytes(movie[size : size + 4], "big") + len(reference) - length).to_bytes(
            4, "big"
        )
    return bytes(content)


def _alias(other: Path) -> bytes:
    """A Macintosh alias record: a fixed part, then the file's path in POSIX form."""
    path = str(other).encode()
    padded = path + b"\0" * (len(path) % 2)
    return bytes(150) + (18).to_bytes(2, "big") + len(path).to_bytes(2, "big") + padded + b"\xff\xff\x00\x00"


def with_large_attachments(folder: Path, count: int = 1, each: int = 80 * 2**20) -> Path:
    """A recording with attachments that a demuxer keeps in memory; they are holes, and take no room on the disk."""
    content = _MATROSKA.write(folder).read_bytes()
    segment, cluster = content.index(_SEGMENT) + 4, content.index(_CLUSTER)
    head = _element(_FILE_NAME, b"a") + _element(_MEDIA_TYPE, b"a/b") + _FILE_DATA + _size(each)
    attached = _ATTACHED_FILE + _size(len(head) + each) + head
    path = folder / "attachments.mka"
    with path.open("wb") as file:
        file.write(content[:segment] + _UNKNOWN_SIZE + content[segment + 8 : cluster])
        file.write(_ATTACHMENTS + _size(count * (len(attached) + each)))
        for _ in range(count):
            file.write(attached)
            file.seek(each, 1)
        file.write(content[cluster:])
    return path


def _element(name: bytes, content: bytes) -> bytes:
    return name + _size(len(content)) + content


def _size(size: int) -> bytes:
    return (size | 1 << 56).to_bytes(8, "big")
