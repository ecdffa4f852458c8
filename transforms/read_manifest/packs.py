"""Packs of lines: many in a piece, compressed, for pipelines that get their lines as elements."""

from __future__ import annotations

import json
import zlib
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

from hushbeam.transforms.read_manifest.files import read_lines
from hushbeam.transforms.read_manifest.line import ManifestLineError

LINES_OF_A_PART = 10_000
"""Lines that one pipeline of a local run takes: 50 MB in Beam's local runner."""

_LINES_IN_A_PACK = 1000
_BYTES_IN_A_PACK = 4 << 20
_BYTES_OF_A_PART = 64 << 20
"""Of lines, as JSON: a line may have a megabyte."""


class Line(NamedTuple):
    """A line of a manifest, or a recording that is named without one.

    Attributes:
      manifest: Its name; empty without one.
      number: From 1; 0 without a manifest.
      values: Its keys and values, or what is wrong with it.
    """

    manifest: str
    number: int
    values: Mapping[str, Any] | ManifestLineError


def lines_of(
    manifests: Sequence[str], recordings: Sequence[str], spooled: Mapping[str, str]
) -> Generator[Line, None, None]:
    """All lines of the inputs, in their order."""
    for manifest in manifests:
        for number, values in read_lines(spooled.get(manifest, manifest)):
            yield Line(manifest, number, values)
    for url in recordings:
        yield Line("", 0, {"audio_url": url})


class LinesOfAPart(NamedTuple):
    """Packed lines, their number, and whether no others follow."""

    packs: tuple[bytes, ...]
    lines: int
    is_last: bool


def parts_of(lines: Iterator[Line], most: int) -> Iterator[LinesOfAPart]:
    """Cuts lines into parts. Reads each part when it is asked for, and one line beyond."""
    following = next(lines, None)
    while following is not None:
        packs, count, size = [], 0, 0
        rest = chain([following], lines)
        for pack in _packs(islice(rest, most)):
            packs.append(pack.content)
            count, size = count + pack.lines, size + pack.size
            if size >= _BYTES_OF_A_PART:
                break
        following = next(rest, None)
        yield LinesOfAPart(tuple(packs), count, following is None)


def packed(lines: Iterable[Line]) -> Iterator[bytes]:
    """Lines in packs."""
    return (pack.content for pack in _packs(lines))


def unpacked(pack: bytes) -> Iterator[Line]:
    """The lines of a pack."""
    for manifest, number, values, error in json.loads(zlib.decompress(pack)):
        yield Line(manifest, number, values if error is None else ManifestLineError(error))


class _Pack(NamedTuple):
    content: bytes
    lines: int
    size: int


def _packs(lines: Iterable[Line]) -> Iterator[_Pack]:
    waiting: list[str] = []
    size = 0
    for line in lines:
        waiting.append(_encoded(line))
        size += len(waiting[-1])
        if len(waiting) >= _LINES_IN_A_PACK or size >= _BYTES_IN_A_PACK:
            yield _pack(waiting, size)
            waiting, size = [], 0
    if waiting:
        yield _pack(waiting, size)


def _pack(lines: Sequence[str], size: int) -> _Pack:
    return _Pack(zlib.compress(f"[{','.join(lines)}]".encode()), len(lines), size)


def _encoded(line: Line) -> str:
    if isinstance(line.values, ManifestLineError):
        return json.dumps([line.manifest, line.number, None, str(line.values)])
    return json.dumps([line.manifest, line.number, line.values, None])
