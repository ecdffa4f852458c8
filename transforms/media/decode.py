"""Decodes a recording to its native samples: the one decoder, for hearing and for muting.

What the recogniser hears and what is muted must be the same samples, so both come from here, and `SampleIdentity`
proves it. The file is parsed in a child process that can do nothing else (`isolation/`); what comes
out of it is counted, limited and hashed here. Memory does not grow with the recording's length.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
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
"""Full scale is 1; some writers count in 16-bit steps. Beyond that, or not a number, is damage."""

_NAME = re.compile(r"[\w.+@() -]{1,64}")
_INFO = TypeAdapter(MediaInfo)


class Decoder:
    """Decodes one file's first audio track, as a context manager.

    Given an open file (seekable, binary), it reads that and leaves it open: for a look at the header of a remote one.

    `info` is known on entry. `blocks` may be called once. `identity` is known when the blocks have been read to the
    end; reading to the end is also what proves that the file is whole.

    Raises (on entry and while reading):
      MediaError: with a reason for each way in which a file is not what it should be.
      StorageError: the file itself cannot be opened.
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
        """What the child says of the file, if that is possible at all, and allowed."""
        try:
            info = _INFO.validate_json(json.dumps(message.fields), strict=True)
        except ValidationError:
            raise self._child.invalid_reply() from None
        names = (info.container, info.codec, info.layout)
        if info.sample_type not in SAMPLE_TYPES or not all(map(_NAME.fullmatch, names)):
            raise self._child.invalid_reply()
        limits = self._limits
        if not 1 <= info.channels <= limits.max_channels:
            raise MediaError("too_many_channels", f"{info.channels} channels; at most {limits.max_channels} are read")
        if not limits.min_rate_hz <= info.sample_rate_hz <= limits.max_rate_hz:
            raise MediaError(
                "sample_rate",
                f"{info.sample_rate_hz} Hz is not within {limits.min_rate_hz} and {limits.max_rate_hz}",
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
            raise MediaError("too_long", f"more than {limits.max_duration_s:.0f} s of sound")
        if self._counted * frame_bytes > limits.max_decoded_bytes:
            raise MediaError("too_large", f"more than {limits.max_decoded_bytes} bytes of decoded sound")
        self._digest.update(message.data)
        block = np.frombuffer(message.data, info.sample_type).reshape(frames, info.channels).T
        if block.dtype.kind == "f" and not (np.abs(block) < LOUDEST).all():
            raise MediaError("corrupt", "samples are not numbers, or beyond any loudness")
        return block
