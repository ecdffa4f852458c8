"""Cache of one recording's samples: several readers, one after another, decode it once if it fits into memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from hushbeam.schemas.media import MediaInfo, SampleIdentity
from hushbeam.transforms.media.decode import Decoder
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.samples import Samples

MOST_KEPT_BYTES = 32 * 2**20
"""Size of the cache: 17 minutes of a telephone call in two channels. Longer recordings are decoded for each reader."""


class SampleReader(Protocol):
    """An open recording: what `Decoder` gives between entry and exit."""

    @property
    def info(self) -> MediaInfo: ...

    @property
    def identity(self) -> SampleIdentity: ...

    def blocks(self) -> Iterator[Samples]: ...


class SampleCache:
    """A local recording whose samples are kept in memory after the first reading, if they fit.

    Readers come one after another. The samples, their identity and all errors are those of `Decoder`.

    Args:
      most_bytes: Size of the cache; a recording with more bytes of samples is decoded for each reader.
    """

    def __init__(self, path: str | Path, limits: MediaLimits, most_bytes: int = MOST_KEPT_BYTES) -> None:
        self.path = Path(path)
        self._limits = limits
        self._most_bytes = most_bytes
        self._kept: _Kept | None = None

    @contextmanager
    def opened(self) -> Iterator[SampleReader]:
        """The recording, from its start."""
        if self._kept is not None:
            yield self._kept
            return
        with Decoder(self.path, self._limits) as decoder:
            yield _Keeping(decoder, self)

    def keep(self, kept: _Kept) -> None:
        """Keeps a whole recording for later readers."""
        self._kept = kept

    @property
    def most_bytes(self) -> int:
        return self._most_bytes


class _Kept:
    def __init__(self, info: MediaInfo, identity: SampleIdentity, blocks: list[Samples]) -> None:
        self.info = info
        self.identity = identity
        self._blocks = blocks

    def blocks(self) -> Iterator[Samples]:
        yield from self._blocks


class _Keeping:
    """A decoder whose blocks are kept if all of them fit and are read."""

    def __init__(self, decoder: Decoder, owner: SampleCache) -> None:
        self._decoder = decoder
        self._owner = owner
        self.info = decoder.info

    @property
    def identity(self) -> SampleIdentity:
        return self._decoder.identity

    def blocks(self) -> Iterator[Samples]:
        kept: list[Samples] | None = []
        size = 0
        for block in self._decoder.blocks():
            size += block.nbytes
            if kept is not None:
                kept.append(block)
            if size > self._owner.most_bytes:
                kept = None
            yield block
        if kept is not None:
            self._owner.keep(_Kept(self.info, self.identity, kept))


@contextmanager
def reading(source: str | Path | SampleCache, limits: MediaLimits) -> Iterator[SampleReader]:
    """Opens a file, or its cached samples.

    Raises:
      MediaError: See `Decoder`.
    """
    if isinstance(source, SampleCache):
        with source.opened() as decoded:
            yield decoded
    else:
        with Decoder(source, limits) as decoder:
            yield decoder
