"""Video writer of the worker: sends samples to a child process that writes the source's pictures and new audio.

A child process is needed because muxers read codec headers, and the source's packets are untrusted bytes.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import IO, cast

import numpy as np

from hushbeam.schemas.media import MediaInfo
from hushbeam.transforms.media.isolation.children import Child
from hushbeam.transforms.media.isolation.wire import MessageKind
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.output_format import OutputFormat
from hushbeam.transforms.media.samples import Samples
from hushbeam.transforms.storage import files


class VideoFileWriter:
    """Writes the file, as `hushbeam.transforms.media.encode.Writer`.

    Args:
      path: The file to write.
      source: The recording, of which only the pictures are read.
      info: Of the source.
      output: From `output_format`.
      limits: Of the child process.
    """

    def __init__(self, path: Path, source: Path, info: MediaInfo, output: OutputFormat, limits: MediaLimits) -> None:
        self._rate_hz = info.sample_rate_hz
        job = {"do": "copy_video", "info": asdict(info), "output": asdict(output)}
        with ExitStack() as stack:
            given = [
                stack.enter_context(files.open_local(source)),
                cast(IO[bytes], stack.enter_context(path.open("w+b"))),
            ]
            # The pictures, and audio that is not larger than its samples.
            written_bytes = 2 * info.size + limits.max_decoded_bytes
            self._child = Child(job, limits, files=given, written_bytes=written_bytes)

    def write(self, block: Samples) -> None:
        """Encodes the next samples, and copies the pictures up to their end."""
        self._child.allow_for(block.shape[1] / self._rate_hz)
        if block.shape[1]:
            self._child.send(MessageKind.BLOCK, np.ascontiguousarray(block.T))

    def finish(self) -> None:
        """Writes the rest of the audio and of the pictures."""
        with self._child as child:
            child.send(MessageKind.END)
            if child.receive().kind is not MessageKind.END:
                raise child.invalid_reply()

    def abandon(self) -> None:
        """Ends the child process of a recording that failed."""
        with self._child:
            return
