"""Audio encoder for one track of an open FFmpeg container."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np

from hushbeam.schemas.media import MediaInfo
from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.output_format import OutputFormat
from hushbeam.transforms.media.samples import MOST_PLANES, Samples

BITEXACT = {"fflags": "+bitexact"}
"""Keeps dates, random numbers and library versions out of a file."""

_PLANAR = {"uint8": "u8p", "int16": "s16p", "int32": "s32p", "float32": "fltp", "float64": "dblp"}
_LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}


class AudioTrack:
    """Encodes samples into one track of an open FFmpeg container, and mixes packets into it."""

    def __init__(self, container: Any, info: MediaInfo, output: OutputFormat, start_s: float = 0.0) -> None:
        self._container = container
        self._rate_hz = info.sample_rate_hz
        # A layout without a name (`8 channels (FL+FR+…)`) is freed twice by PyAV.
        self._layout = info.layout if "channels" not in info.layout else _LAYOUTS[info.channels]
        self._planar = _PLANAR[info.sample_type]
        self._is_packed = info.channels > MOST_PLANES
        try:
            self.stream = container.add_stream(
                output.encoder,
                rate=output.rate_hz or info.sample_rate_hz,
                options={"flags": "+bitexact", **output.codec_options},
                layout=self._layout,
                format=output.sample_format,
            )
        except av.error.FFmpegError:
            raise
        except ValueError:
            raise MediaError("not_encodable", f"{output.muxer} cannot hold {output.encoder}") from None
        if output.bit_rate is not None:
            self.stream.bit_rate = output.bit_rate
        self._position = round(start_s * self._rate_hz)

    @property
    def end_s(self) -> float:
        """Where the audio written so far ends, on the file's clock."""
        return self._position / self._rate_hz

    def write(self, block: Samples) -> None:
        """Encodes the next samples."""
        if block.shape[1] == 0:
            return
        frame = self._frame(block)
        frame.sample_rate = self._rate_hz
        frame.time_base = Fraction(1, self._rate_hz)
        frame.pts = self._position
        self._position += block.shape[1]
        self._container.mux(self.stream.encode(frame))

    def _frame(self, block: Samples) -> Any:
        if self._is_packed:
            packed = np.ascontiguousarray(block.T).reshape(1, -1)
            return av.AudioFrame.from_ndarray(packed, self._planar.removesuffix("p"), self._layout)
        return av.AudioFrame.from_ndarray(np.ascontiguousarray(block), self._planar, self._layout)

    def finish(self) -> None:
        """Writes the packets that the encoder still holds."""
        self._container.mux(self.stream.encode(None))
