"""Completeness of files of chunks: RIFF (WAV, RF64, AVI, QCP), IFF (AIFF, 8SVX), CAF, W64."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hushbeam.transforms.media.source_file import ByteOrder, Length, Source, goes_on

_NO_SIZES = frozenset({0, 0xFFFFFFFF})
"""Values for an unknown size: FFmpeg reads to the end of the file."""

_LARGEST_SIZES = (0x7FFFFFFF, 0x80000000, 0x7FFFF000, 0x7FFFFF00, 0x7F000008)
"""Sizes that programs state when they write to a pipe: LAME, opusdec, sox, espeak, arecord."""

_LEAST_OPEN = 0x7F000000
"""A RIFF file that states a larger size than this has an open size too."""

_OPEN_64 = 2**63 - 1
_FILES = (b"RIFF", b"RIFX", b"RF64", b"BW64", b"FORM", b"caff")
"""Names of chunks that begin a file: after the audio, another file was appended."""

_DESCRIPTIVE = frozenset(
    name.ljust(4)
    for name in (
        b"LIST id3 ID3 bext iXML axml chna cue smpl inst fact PEAK JUNK junk PAD FLLR plst acid afsp _PMX cart umid "
        b"levl DISP ResU SAUR COMT MARK APPL NAME AUTH ANNO (c) AESD INST MIDI"
    ).split()
)
"""Chunks without audio, which may be cut off."""

_W64_ENDINGS = (bytes.fromhex("2e91cf11a5d628db04c10000"), bytes.fromhex("f3acd3118cd100c04f8edb8a"))


@dataclass(frozen=True)
class Chunk:
    """A part of a file.

    Attributes:
      name: Four characters.
      start: Where its content begins.
      size: Stated size of the content.
      is_64_bit: Whether the size stands in 64 bits, where the largest sizes of 32 bits are sizes like any other.
    """

    name: bytes
    start: int
    size: int
    is_64_bit: bool = False

    @property
    def end(self) -> int:
        return self.start + self.size


def wav(source: Source) -> Length:
    """WAV, RF64, BW64 and QCP: the `data` chunk is whole, and no audio follows it."""
    head = source.at(0, 12)
    order: ByteOrder = "big" if head.startswith(b"RIFX") else "little"
    large = _Sizes64() if head.startswith((b"RF64", b"BW64")) else None
    whole = int.from_bytes(head[4:8], order)
    length, block_bytes = None, 1
    for chunk in _in_turn(source, 12, order, large):
        if chunk.name == b"fmt ":
            block_bytes = source.number(chunk.start + 12, 2, order) or 1
        if chunk.name != b"data":
            continue
        fills_open_file = whole in (0xFFFFFFFF, *_LARGEST_SIZES) and chunk.end == 8 + whole and not chunk.is_64_bit
        if _is_open(source, chunk, block_bytes) or (fills_open_file and chunk.end > source.size):
            if whole and whole < _LEAST_OPEN and large is None:
                # A pad byte may be counted and missing.
                source.check_holds(8 + whole - whole % 2)
            return Length.OPEN
        source.check_holds(chunk.end)
        length = Length.STATED
    return length or Length.OPEN


def iff(source: Source, audio: bytes) -> Length:
    """AIFF and 8SVX: the audio chunk is whole, and no audio follows it."""
    for chunk in _in_turn(source, 12, "big", None, audio):
        if chunk.name == audio:
            if _is_open(source, chunk):
                return Length.OPEN
            source.check_holds(chunk.end)
    return Length.STATED


def caf(source: Source) -> Length:
    """CAF: all chunks are whole. The last one may have no size: then it ends with the file."""
    position, audio_seen = 8, False
    while position < source.size:
        head = source.at(position, 12)
        if audio_seen and (not _is_name(head[:4]) or head.startswith(_FILES)):
            break
        if audio_seen and head.startswith(b"data"):
            raise goes_on(source.size - position)
        size = int.from_bytes(head[4:12].ljust(8, b"\0"), "big", signed=True)
        if size < 0:
            return Length.OPEN
        position += 12 + size
        source.check_holds(position)
        audio_seen = audio_seen or head.startswith(b"data")
    if audio_seen:
        source.check_rest(position)
    return Length.STATED if audio_seen else Length.OPEN


def w64(source: Source) -> Length:
    """Sony Wave64: chunks of 64-bit sizes that count their own headers, named by GUIDs, on multiples of 8 bytes."""
    position, audio_seen = 40, False
    while position < source.size:
        head = source.at(position, 24)
        if len(head) < 24 or (audio_seen and (head[4:16] not in _W64_ENDINGS or head.startswith(b"riff"))):
            break
        size = int.from_bytes(head[16:24], "little")
        if head.startswith(b"data"):
            if audio_seen:
                raise goes_on(source.size - position)
            if size >= _OPEN_64 or size == 0:
                return Length.OPEN
            source.check_holds(position + size)
            audio_seen = True
        if size < 24:
            break
        position += size + -size % 8
    if audio_seen:
        source.check_rest(position)
    return Length.STATED if audio_seen else Length.OPEN


def avi(source: Source) -> Length:
    """AVI, of one or several RIFF parts (OpenDML): all parts are whole, and so are those in the index."""
    position = 0
    while position < source.size:
        head = source.at(position, 12)
        size = int.from_bytes(head[4:8], "little")
        if not head.startswith(b"RIFF") or (position and head[8:12] != b"AVIX"):
            source.check_rest(position)
            break
        lists = _lists(source, position)
        movie = lists.get(b"movi")
        if size in _NO_SIZES or (movie is not None and movie.size in _NO_SIZES):
            if movie is not None and source.thorough:
                _check_movie(source, movie.start + 4)
            return Length.OPEN
        source.check_holds(position + 8 + size)
        if b"hdrl" in lists:
            for end in _indexed(source, lists[b"hdrl"]):
                source.check_holds(end)
        position += 8 + size + size % 2
    return Length.STATED


def _is_open(source: Source, chunk: Chunk, block_bytes: int = 1) -> bool:
    """Whether an audio chunk ends with the file because its writer did not know the size.

    Args:
      block_bytes: The largest sizes are rounded down to whole blocks of the codec.
    """
    if chunk.is_64_bit:
        return chunk.size >= _OPEN_64
    if chunk.size in _NO_SIZES or chunk.size >= _OPEN_64:
        return True
    largest = {size - size % block_bytes for size in _LARGEST_SIZES} | set(_LARGEST_SIZES)
    return chunk.size in largest and chunk.end > source.size


class _Sizes64:
    """Sizes in an RF64's `ds64` chunk, for chunks that are too large for their own field."""

    def __init__(self) -> None:
        self._sizes: dict[bytes, int] = {}

    def read(self, source: Source, chunk: Chunk) -> None:
        content = source.at(chunk.start, min(chunk.size, 28 + 12 * 64))
        self._sizes[b"data"] = int.from_bytes(content[8:16], "little") or _OPEN_64
        for entry in range(28, len(content) - 11, 12):
            self._sizes[content[entry : entry + 4]] = int.from_bytes(content[entry + 4 : entry + 12], "little")

    def of(self, chunk: Chunk) -> Chunk:
        """The chunk with its size from here, if its own field leaves it to this chunk."""
        if chunk.size != 0xFFFFFFFF or chunk.name not in self._sizes:
            return chunk
        return Chunk(chunk.name, chunk.start, self._sizes[chunk.name], is_64_bit=True)


def _in_turn(
    source: Source, position: int, order: ByteOrder, large: _Sizes64 | None, audio: bytes = b"data"
) -> Iterator[Chunk]:
    """Each chunk: before the audio of any size, after it only if it is a valid chunk."""
    audio_seen = False
    while position < source.size:
        head = source.at(position, 8)
        if audio_seen and (not _is_name(head[:4]) or head.startswith(_FILES)):
            break
        size = int.from_bytes(head[4:8].ljust(4, b"\0"), order)
        chunk = Chunk(head[:4], position + 8, size)
        if large is not None:
            if chunk.name == b"ds64":
                large.read(source, chunk)
            chunk = large.of(chunk)
        if audio_seen and chunk.name == audio:
            # FFmpeg reads one of them, and skips the others.
            raise goes_on(source.size - position)
        if audio_seen and chunk.end > source.size and chunk.name not in _DESCRIPTIVE:
            break
        yield chunk
        audio_seen = audio_seen or chunk.name == audio
        position = _next(source, chunk)
    if audio_seen:
        _check_nothing_follows(source, position)


def _next(source: Source, chunk: Chunk) -> int:
    """Where the next chunk begins: after a pad byte if the size is odd, which some writers leave out."""
    if chunk.size % 2 and _is_name(source.at(chunk.end, 4)) and not _is_name(source.at(chunk.end + 1, 4)):
        return chunk.end
    return chunk.end + chunk.size % 2


def _check_nothing_follows(source: Source, position: int) -> None:
    if source.at(position, 4).startswith(_FILES):
        raise goes_on(source.size - position)
    source.check_rest(position)


def _is_name(name: bytes) -> bool:
    return len(name) == 4 and all(0x20 <= character < 0x7F for character in name)


def _lists(source: Source, position: int) -> dict[bytes, Chunk]:
    """The lists of one RIFF part by their type, up to the one with the audio."""
    found = {}
    end = position + 8 + source.number(position + 4, 4, "little")
    position += 12
    while position < min(end, source.size):
        head = source.at(position, 12)
        chunk = Chunk(head[8:12], position + 8, int.from_bytes(head[4:8], "little"))
        if head.startswith(b"LIST"):
            found[chunk.name] = chunk
            if chunk.name == b"movi":
                break
        position = chunk.end + chunk.size % 2
    return found


def _indexed(source: Source, headers: Chunk) -> Iterator[int]:
    """The ends of all parts in the tracks' super indices (OpenDML)."""
    content = source.at(headers.start, min(headers.size, 2**20))
    position = content.find(b"indx")
    while position >= 0:
        size = int.from_bytes(content[position + 4 : position + 8], "little")
        used = int.from_bytes(content[position + 12 : position + 16], "little")
        # Kind 0 is an index of indices; others list single chunks.
        if content[position + 11 : position + 12] == b"\0":
            entries = position + 32
            for entry in range(entries, min(entries + 16 * used, position + 8 + size, len(content) - 15), 16):
                start = int.from_bytes(content[entry : entry + 8], "little")
                yield start + int.from_bytes(content[entry + 8 : entry + 12], "little")
        position = content.find(b"indx", position + 8 + size)


def _check_movie(source: Source, position: int) -> None:
    """Checks that the last chunk of an AVI without sizes is whole."""
    while position < source.size:
        head = source.at(position, 12)
        if not _is_name(head[:4]) or head.startswith(_FILES):
            source.check_rest(position)
            return
        if head.startswith(b"LIST"):
            position += 12
            continue
        size = int.from_bytes(head[4:8], "little")
        source.check_holds(position + 8 + size)
        position += 8 + size + size % 2
