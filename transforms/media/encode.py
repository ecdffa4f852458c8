"""Encoder of redacted recordings, block by block: the same samples always give the same bytes.

Only audio is written: no title, date, chapter, picture or encoder's name. Videos keep their pictures (`video/`).
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Protocol, Self

import av
import numpy as np
import soundfile

from hushbeam.schemas.media import MediaInfo
from hushbeam.transforms.media import ogg
from hushbeam.transforms.media.audio_track import BITEXACT, AudioTrack
from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.output_format import SOUNDFILE_SUBTYPES, OutputFormat
from hushbeam.transforms.media.samples import Samples, to_float
from hushbeam.transforms.media.video.file import VideoFileWriter

SMALL_WRITE = 8192
"""Frames that libsndfile gets at once: its Vorbis encoder crashes on long writes."""

_VORBIS_PLACES = {
    3: (0, 2, 1),
    5: (0, 2, 1, 3, 4),
    6: (0, 2, 1, 5, 3, 4),
    7: (0, 2, 1, 6, 5, 3, 4),
    8: (0, 2, 1, 7, 5, 6, 3, 4),
}
"""Position in Vorbis of each channel in FFmpeg's order (Vorbis I, 4.3.9): libsndfile does not reorder channels."""

_LEAST_VORBIS_S = 0.02
"""For less audio libsndfile writes no audio packet, and other readers find the file empty."""

_SYSTEM_ERROR = 2
"""libsndfile's code for errors of the operating system."""


class Writer(Protocol):
    """Takes a recording's samples in order."""

    def write(self, block: Samples) -> None:
        """Takes the next samples, of shape (channels, frames)."""

    def finish(self) -> None:
        """Completes the file, after the last samples."""

    def abandon(self) -> None:
        """Closes the file of a recording that failed."""


class Encoder:
    """Writes one recording, as a context manager. Left by an exception, it leaves no file behind.

    Args:
      path: The file to write, with its suffix.
      source: The recording; its pictures are copied if `output.video` is true.
      info: Of the source; the samples are of its type, rate and channels.
      output: From `output_format`.
      limits: Of the child process that writes a video.

    Raises (on entry, while writing and on exit):
      MediaError: `not_encodable`, or `not_written` (retryable) if the file cannot be written.
    """

    def __init__(self, path: Path, source: Path, info: MediaInfo, output: OutputFormat, limits: MediaLimits) -> None:
        self._limits = limits
        self._path = path
        self._source = source
        self._info = info
        self._output = output

    def __enter__(self) -> Self:
        self._skip = max(0, self._output.delay)
        try:
            self._writer: Writer = self._open()
            if self._output.delay < 0:
                self._writer.write(_silence(self._info, -self._output.delay))
        except (av.error.FFmpegError, soundfile.SoundFileError, OSError) as error:
            self._fail(error)
        except MediaError:
            self._path.unlink(missing_ok=True)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            # The recording has failed already: ignore a second error while its file closes.
            with suppress(av.error.FFmpegError, soundfile.SoundFileError, OSError):
                self._writer.abandon()
            self._path.unlink(missing_ok=True)
            return
        try:
            self._writer.finish()
            if self._output.muxer.lower() == "ogg":
                ogg.settle(self._path, self._info.nominal_rate_hz)
        except (av.error.FFmpegError, soundfile.SoundFileError, OSError) as failure:
            self._fail(failure)
        except BaseException:  # from the child process that writes a video, or unexpected
            self._path.unlink(missing_ok=True)
            raise

    def write(self, block: Samples) -> None:
        """Takes the next samples, of shape (channels, frames) and the source's sample type."""
        skipped = min(self._skip, block.shape[1])
        self._skip -= skipped
        try:
            self._writer.write(block[:, skipped:])
        except (av.error.FFmpegError, soundfile.SoundFileError, OSError) as error:
            # The error leads to the exit, which abandons the writer.
            raise_unwritten(error)

    def _open(self) -> Writer:
        if self._output.video:
            return VideoFileWriter(self._path, self._source, self._info, self._output, self._limits)
        if self._output.encoder in SOUNDFILE_SUBTYPES:
            return _SoundFileWriter(self._path, self._info, self._output)
        return _AudioFileWriter(self._path, self._info, self._output)

    def _fail(self, error: Exception) -> NoReturn:
        self._path.unlink(missing_ok=True)
        raise_unwritten(error)


def raise_unwritten(error: Exception) -> NoReturn:
    """Raises a library's error while writing as the error that fails the recording."""
    refused_by_system = isinstance(error, soundfile.LibsndfileError) and error.code == _SYSTEM_ERROR
    if refused_by_system or (isinstance(error, OSError) and not isinstance(error, av.error.FFmpegError)):
        raise MediaError(
            "not_written", f"the file cannot be written ({type(error).__name__})", retryable=True
        ) from None
    raise MediaError("not_encodable", f"the encoder failed ({type(error).__name__})") from None


def _silence(info: MediaInfo, frames: int) -> Samples:
    dtype = np.dtype(info.sample_type)
    return np.full((info.channels, frames), 128 if dtype == np.uint8 else 0, dtype)


class _AudioFileWriter:
    """Writes a file of one audio track with FFmpeg."""

    def __init__(self, path: Path, info: MediaInfo, output: OutputFormat) -> None:
        with ExitStack() as stack:
            file = stack.enter_context(path.open("wb"))
            # Given a file object, FFmpeg never interprets the path.
            container = stack.enter_context(
                av.open(file, "w", format=output.muxer, options={**BITEXACT, **output.muxer_options})
            )
            self._track = AudioTrack(container, info, output)
            self._stack = stack.pop_all()

    def write(self, block: Samples) -> None:
        self._track.write(block)

    def finish(self) -> None:
        with self._stack:
            self._track.finish()

    def abandon(self) -> None:
        self._stack.close()


class _SoundFileWriter:
    """Writes a file with libsndfile."""

    def __init__(self, path: Path, info: MediaInfo, output: OutputFormat) -> None:
        self._file = soundfile.SoundFile(
            path, "w", info.sample_rate_hz, info.channels, subtype=output.encoder, format=output.muxer
        )
        places = _VORBIS_PLACES.get(info.channels) if output.encoder == "VORBIS" else None
        self._order = None if places is None else np.argsort(places)
        self._least = round(_LEAST_VORBIS_S * info.sample_rate_hz) if output.encoder == "VORBIS" else 0
        self._written = 0

    def write(self, block: Samples) -> None:
        self._written += block.shape[1]
        values = to_float(block if self._order is None else block[self._order]).T
        for start in range(0, len(values), SMALL_WRITE):
            self._file.write(values[start : start + SMALL_WRITE])

    def finish(self) -> None:
        self._file.close()
        if self._written < self._least:
            raise MediaError(
                "not_encodable", "the recording is too short for Vorbis: choose another quality, such as flac"
            )

    def abandon(self) -> None:
        self._file.close()
