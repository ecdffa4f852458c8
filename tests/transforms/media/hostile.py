"""Real recordings that were made hostile."""

from __future__ import annotations

from pathlib import Path

from tests.transforms.media.recordings import EXACT

_MATROSKA = next(recipe for recipe in EXACT if recipe.name == "flac.mka")
_SEGMENT, _CLUSTER = bytes.fromhex("18538067"), bytes.fromhex("1f43b675")
_ATTACHMENTS, _ATTACHED_FILE = bytes.fromhex("1941a469"), bytes.fromhex("61a7")
_FILE_NAME, _MEDIA_TYPE, _FILE_DATA = bytes.fromhex("466e"), bytes.fromhex("4660"), bytes.fromhex("465c")
_UNKNOWN_SIZE = b"\x01" + b"\xff" * 7


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
