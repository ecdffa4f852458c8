"""Decoder of recordings to native samples, for transcription and for muting alike.

The recogniser and the muting must get the same samples, so both get them from here, and `SampleIdentity` proves it.
A child process that can do nothing else parses the file (`isolation/`); its samples are counted, limited and hashed
here. Memory does not grow with the recording's length.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from pydantic import TypeAdapter, ValidationError

from hushbeam.schemas.media import MediaInfo, SampleIdentity
from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.isolation.children import Child
from hushbeam.transforms.media.isolation.wire import Message, MessageKind
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.samples import SAMPLE_TYPES, Samples
from hushbeam.transforms.storage import files

LOUDEST = 2.0**16
"""Full scale is 1, but some writers count in 16-bit steps. Larger values, and NaN, are damage."""

_NAME = re.compile(r"[\w.+@() -]{1,64}")
_INFO = TypeAdapter(MediaInfo)


class Decoder:
    """Decodes one file's first audio track, as a context manager.

    An open file (seekable, binary) is read and left open: this serves to read the header of a remote file.

    `info` is known on entry. `blocks` may be called once. `identity` is known when the blocks have been read to the
    end; only then is the file known to be whole.

    Raises (on entry and while reading):
      MediaError: The file is damaged, not supported or beyond the limits; its `reason` says which.
      StorageError: The file cannot be opened.
    """

    def __init__(self, source: str | Path | BinaryIO, limits: MediaLimits) -> None:
        self._source = source
        self._limits = limits

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._child = stack.enter_context(self._start())
            self.info = self._checked(self._child.receive())
            self._digest = hashlib.sha256()
            self._counted = 0
            self._identity: SampleIdentity | None = None
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def identity(self) -> SampleIdentity:
        """Of the whole recording; only after `blocks` is exhausted."""
        if self._identity is None:
            raise RuntimeError("a recording's identity is known only after all of it is decoded")
        return self._identity

    def blocks(self) -> Iterator[Samples]:
        """Yields consecutive native samples of shape (channels, frames), about a second at a time."""
        while (message := self._child.receive()).kind is MessageKind.BLOCK:
            yield self._counting(message)
        if message.kind is not MessageKind.END:
            raise self._child.invalid_reply()
        self._identity = SampleIdentity(self._counted, self._digest.hexdigest())

    def _start(self) -> Child:
        job = {"do": "decode"}
        if not isinstance(self._source, str | Path):
            self._limits.check_size(self._source.seek(0, os.SEEK_END))
            return Child(job, self._limits, source=self._source)
        with files.open_local(self._source) as file:
            self._limits.check_size(os.fstat(file.fileno()).st_size)
            return Child(job, self._limits, files=[file])

    def _checked(self, message: Message) -> MediaInfo:
        """The child's description of the file, if it is valid and within the limits."""
        try:
            info = _INFO.validate_json(json.dumps(message.fields), strict=True)
        except ValidationError:
            raise self._child.invalid_reply() from None
        names = (info.container, info.codec, info.layout)
        if info.sample_type not in SAMPLE_TYPES or not all(map(_NAME.fullmatch, names)):
            raise self._child.invalid_reply()
        limits = self._limits
        if not 1 <= info.channels <= limits.max_channels:
            raise MediaError(
                "too_many_channels",
                f"the recording has {info.channels} channels; at most {limits.max_channels} are allowed",
            )
        if not limits.min_rate_hz <= info.sample_rate_hz <= limits.max_rate_hz:
            raise MediaError(
                "sample_rate",
                f"{info.sample_rate_hz} Hz is not between {limits.min_rate_hz} and {limits.max_rate_hz} Hz",
            )
        return info

    def _counting(self, message: Message) -> Samples:
        info, limits = self.info, self._limits
        frame_bytes = info.channels * np.dtype(info.sample_type).itemsize
        if not message.data or len(message.data) % frame_bytes:
            raise self._child.invalid_reply()
        frames = len(message.data) // frame_bytes
        self._counted += frames
        self._child.allow_for(frames / info.sample_rate_hz)
        if self._counted > limits.max_duration_s * info.sample_rate_hz:
            raise MediaError("too_long", f"the recording is longer than {limits.max_duration_s:.0f} s")
        if self._counted * frame_bytes > limits.max_decoded_bytes:
            raise MediaError("too_large", f"the decoded audio has more than {limits.max_decoded_bytes} bytes")
        self._digest.update(message.data)
        block = np.frombuffer(message.data, info.sample_type).reshape(frames, info.channels).T
        if block.dtype.kind == "f" and not (np.abs(block) < LOUDEST).all():
            raise MediaError("corrupt", "samples are not numbers, or too large for audio")
        return block


@dataclass(frozen=True)
class Inspection:
    """Format and identity of a recording that was decoded to its end, and is whole."""

    info: MediaInfo
    identity: SampleIdentity

    @property
    def duration_s(self) -> float:
        """Duration of the decoded audio."""
        return self.identity.frames / self.info.sample_rate_hz


def inspect(path: str | Path, limits: MediaLimits) -> Inspection:
    """Decodes a file to its end, and returns its format and identity.

    Raises:
      MediaError: The file is not whole, not supported, or beyond the limits.
    """
    with Decoder(path, limits) as decoder:
        for _ in decoder.blocks():
            pass
        return Inspection(decoder.info, decoder.identity)
