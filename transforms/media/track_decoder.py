"""Decoder of a file's first audio track to native samples. Parses untrusted bytes: runs in a child process.

Nothing is skipped, concealed or guessed: the recording fails if it has damage or gaps, or if its length differs from
the length that the file states. Memory does not grow with the recording's length.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from fractions import Fraction
from os import SEEK_END, SEEK_SET
from types import TracebackType
from typing import Any, BinaryIO, NoReturn, Self

import av
import numpy as np

from hushbeam.schemas.media import MediaInfo
from hushbeam.transforms.media.completeness.check import check_complete
from hushbeam.transforms.media.completeness.headers import mp3_counts, mpeg_frame_bytes
from hushbeam.transforms.media.containers import HEAD_BYTES, Container, recognise, tags_end, wav_block_bytes
from hushbeam.transforms.media.errors import MediaError, decoder_memory
from hushbeam.transforms.media.samples import MOST_PLANES, Samples
from hushbeam.transforms.media.source_file import Length, cut_off

BLOCK_S = 1.0
"""Length of decoded blocks: few blocks to send for each recording, and little memory for each block."""

CLOSE_S = 0.25
"""Largest error of the length that a `close` container states: ticks of a millisecond, a packet at each end."""

GAP_S = 0.1
"""Jumps between the timestamps of two frames that are larger than this are not due to rounding."""

DRIFT_S = 0.5
"""Largest difference between timestamps and counted samples, plus `DRIFT_SHARE` of the time: clocks drift."""

DRIFT_SHARE = 1e-3
"""Drift of a recorder's clock, as a share of the time: that of the worst audio hardware is smaller."""

LOST_BYTES = 1024
"""Bytes of an elementary stream that may lie outside of frames: a small tag between two joined files."""

_DTYPES = {"u8": "uint8", "s16": "int16", "s32": "int32", "flt": "float32", "dbl": "float64"}
_LOSSLESS_BITS = {
    "pcm_mulaw": 8,
    "pcm_alaw": 8,
    "adpcm_ms": 4,
    "adpcm_ima_wav": 4,
    "gsm_ms": 13,
}

_TRAILING_TAGS = (b"TAG", b"APETAGEX", b"LYRICSBEGIN", b"ID3", b"3DI")


class TrackDecoder:
    """Decodes the first audio track of an open file (seekable, binary), as a context manager; leaves the file open.

    `info` is known on entry. `blocks` may be called once. The file is known to be whole only after reading to its end.

    Raises (on entry and while reading):
      MediaError: The file is damaged or not supported; its `reason` says which.
      OSError: The file cannot be read.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._size = self._file.seek(0, SEEK_END)
            self._file.seek(0)
            self._format = recognise(self._file)
            self._start = tags_end(self._file)
            self._length = check_complete(self._file, self._format.name, self._start, thorough=False)
            self._file.seek(0)
            self._container = open_container(self._file, self._format)
            stack.callback(self._container.close)
            self._frames = self._decode()
            self.info = self._inspect()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._frames.close()
        self._stack.close()

    def blocks(self) -> Iterator[Samples]:
        """Yields consecutive native samples of shape (channels, frames), about `BLOCK_S` at a time."""
        wanted = max(1, int(BLOCK_S * self.info.sample_rate_hz))
        pending: list[Samples] = []
        length = 0
        for samples in self._trimmed():
            pending.append(samples)
            length += samples.shape[1]
            if length >= wanted:
                yield _joined(pending)
                pending, length = [], 0
        if pending:
            yield _joined(pending)
        check_complete(self._file, self._format.name, self._start, thorough=True)
        self._check_length()

    # How the file is read.

    def _inspect(self) -> MediaInfo:
        """Reads ahead to the first frame, because some codecs know their rate only then."""
        if not self._container.streams.audio:
            raise MediaError("no_audio", "the file has no audio track")
        stream = self._stream = self._container.streams.audio[0]
        if stream.codec_context is None:
            raise MediaError("unsupported", "the codec of the audio track is not supported")
        for other in self._container.streams:
            if other is not stream:
                other.discard = av.stream.Discard.all
        # A child cannot start threads, and one audio track does not need them.
        stream.codec_context.thread_count = 1
        _forget_own_layout(stream.codec_context)
        stream.codec_context.options = {"err_detect": "crccheck+bitstream+buffer+explode"}
        first = next(self._frames, None)
        if first is None:
            raise MediaError("no_audio", "the audio track is empty")
        self._first = first
        samples = _native(first)
        codec = _codec_name(stream)
        has_video = any(is_moving(video) for video in self._container.streams.video)
        return MediaInfo(
            container=self._format.name,
            codec=codec,
            sample_rate_hz=first.sample_rate,
            nominal_rate_hz=_nominal_rate_hz(codec, stream.codec_context.extradata) or first.sample_rate,
            channels=samples.shape[0],
            layout=first.layout.name,
            sample_type=samples.dtype.name,
            bits=_bits(codec, stream.codec_context.extradata, samples.dtype),
            duration_s=self._claimed_s(stream, first.sample_rate),
            start_s=(_seconds(stream.start_time, stream.time_base) or 0.0) if has_video else 0.0,
            bit_rate=stream.bit_rate or None,
            has_video=has_video,
            block_bytes=wav_block_bytes(self._file, self._format) if codec.startswith("adpcm_") else None,
            states_length=self._length is Length.STATED,
            size=self._size,
        )

    def _claimed_s(self, stream: Any, rate: int) -> float | None:
        if self._format.claim == "none" or self._length is Length.OPEN:
            return None
        claimed = _seconds(stream.duration, stream.time_base)
        if claimed is None and self._container.duration is not None and not self._container.streams.video:
            claimed = self._container.duration / av.time_base
        if claimed is not None and self._format.name == "ogg" and _codec_name(stream) == "opus":
            claimed -= _opus_pre_skip(stream.codec_context.extradata) / rate
        return claimed if claimed is not None and claimed > 0 else None

    def _decode(self) -> Generator[Any, None, None]:
        """Yields every frame; any damage raises."""
        lost = _LostBytes(self._format)
        codec = _codec_name(self._stream)
        try:
            for packet in self._container.demux(self._stream):
                if packet.size and self._is_cut_off(packet, codec):
                    raise MediaError("truncated", "the file ends within a packet")
                lost.count(packet)
                for frame in self._stream.codec_context.decode(packet):
                    if frame.is_corrupt:
                        raise MediaError("corrupt", "an audio frame is damaged")
                    if frame.samples:
                        yield frame
        except av.error.FFmpegError as error:
            raise_unreadable(error)
        except IndexError:
            # PyAV raises it for a packet of a track that is not in the header.
            raise MediaError("corrupt", "the file contains a track that its header does not list") from None
        lost.check(self._file)
        if self._format.name == "mp3":
            self._file.seek(self._start)
            lost.check_count(mp3_counts(self._file.read(HEAD_BYTES))[0])

    def _is_cut_off(self, packet: Any, codec: str) -> bool:
        """Whether the end of a packet is missing. FFmpeg marks every packet that is shorter than it requested."""
        if codec.startswith("pcm_"):
            # A short last packet has whole frames; the total length is compared with the stated one.
            return False
        if self._format.demuxer != "wav" or self._length is not Length.OPEN:
            return bool(packet.is_corrupt)
        # In a WAV of unstated length FFmpeg cannot request just the rest, and marks every last packet.
        if codec in {"mp2", "mp3"}:
            stated = mpeg_frame_bytes(bytes(memoryview(packet)[:4]))
            return bool(packet.is_corrupt) if stated is None else packet.size < stated
        block_bytes = wav_block_bytes(self._file, self._format) if packet.is_corrupt else None
        return block_bytes is not None and packet.size % block_bytes != 0

    def _trimmed(self) -> Iterator[Samples]:
        """Native samples of each frame, without the encoder's padding after the stated end."""
        clock = _Clock(self.info.sample_rate_hz, self._format.elementary)
        end = self._padding_starts()
        decoded = 0
        frame: Any = self._first
        while frame is not None:
            samples = _native(frame)
            self._check_unchanged(frame, samples)
            clock.check(frame, decoded)
            kept = samples if end is None else samples[:, : max(0, end - decoded)]
            decoded += samples.shape[1]
            self._decoded = decoded
            if kept.shape[1]:
                yield kept
            frame = next(self._frames, None)

    def _padding_starts(self) -> int | None:
        """The end of the audio that MP4 states: encoders pad the last packet."""
        info = self.info
        if self._format.demuxer != "mov" or info.duration_s is None or info.bits is not None:
            return None
        return round(info.duration_s * info.sample_rate_hz)

    # What is checked.

    def _check_unchanged(self, frame: Any, samples: Samples) -> None:
        info = self.info
        found = (frame.sample_rate, samples.shape[0], samples.dtype.name)
        if found != (info.sample_rate_hz, info.channels, info.sample_type):
            raise MediaError(
                "format_changes", "the sample rate, number of channels or sample format changes within the track"
            )

    def _check_length(self) -> None:
        """Compares the decoded length with the length that the file states."""
        info = self.info
        if info.duration_s is None:
            return
        claimed = info.duration_s * info.sample_rate_hz
        if abs(self._decoded - claimed) > self._tolerance():
            raise MediaError(
                "length_disagrees",
                f"the file states {claimed:.0f} samples per channel, and {self._decoded} were decoded",
            )

    def _tolerance(self) -> float:
        """In samples: less than one for PCM and lossless codecs, otherwise a padded packet, or `CLOSE_S`."""
        info = self.info
        if self._format.claim != "exact":
            return CLOSE_S * info.sample_rate_hz
        if info.codec.startswith("pcm_") or info.codec in _COUNTED_CODECS:
            return 0.5
        return max(_LARGEST_PACKET, 0.05 * info.sample_rate_hz)


def _joined(parts: list[Samples]) -> Samples:
    return np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]


_COUNTED_CODECS = ("flac", "alac", "wavpack", "tta", "ape", "tak")
"""Codecs that do not pad their last packet."""

_LARGEST_PACKET = 4608
"""Samples of the longest packet or ADPCM block that pads an end."""


class _Clock:
    """Compares the frames' timestamps with the count of decoded samples."""

    def __init__(self, rate_hz: int, elementary: bool) -> None:
        self._rate_hz = rate_hz
        # Elementary streams have no timestamps: FFmpeg counts frames instead, which shows no gaps.
        self._trusted = not elementary
        self._first: Fraction | None = None
        self._offset_s = 0.0

    def check(self, frame: Any, decoded: int) -> None:
        """Raises `gap` if timestamps jump."""
        if not self._trusted or frame.pts is None:
            return
        time = frame.pts * frame.time_base
        if self._first is None:
            self._first = time - Fraction(decoded, self._rate_hz)
        counted_s = decoded / self._rate_hz
        offset_s = float(time - self._first) - counted_s
        if abs(offset_s - self._offset_s) > GAP_S or abs(offset_s) > DRIFT_S + DRIFT_SHARE * counted_s:
            raise MediaError("gap", f"audio is missing or repeated at {counted_s:.2f} s")
        self._offset_s = offset_s


class _LostBytes:
    """Finds bytes of an elementary stream that lie outside of frames, and a last frame that is not whole."""

    def __init__(self, container: Container) -> None:
        self._elementary = container.elementary
        self._states_frame_size = container.demuxer == "mp3"
        self._end: int | None = None
        self._lost = 0
        self._count = 0
        self._last = (b"", 0)

    def count(self, packet: Any) -> None:
        if not self._elementary or not packet.size or packet.pos is None:
            return
        self._count += 1
        if self._states_frame_size:
            self._last = bytes(memoryview(packet)[:4]), packet.size
        if self._end is not None:
            self._lost += max(0, packet.pos - self._end)
        self._end = packet.pos + packet.size

    def check(self, file: BinaryIO) -> None:
        """Raises `corrupt` if FFmpeg skipped more than tags and padding."""
        if not self._elementary or self._end is None:
            return
        file.seek(self._end)
        tail = file.read(LOST_BYTES + 1)
        if not tail.startswith(_TRAILING_TAGS):
            self._lost += len(tail)
        if self._lost > LOST_BYTES:
            raise MediaError("corrupt", "parts of the file are not audio frames")
        # FFmpeg's decoder fills in the missing end of the last frame.
        header, size = self._last
        stated = mpeg_frame_bytes(header)
        if stated is not None and size < stated:
            raise cut_off(f"its last frame states {stated} bytes, and has {size}")

    def check_count(self, stated: int | None) -> None:
        """Raises `truncated` if frames are missing; some writers count the frame with the count too."""
        if stated is not None and self._count < stated - 1:
            raise cut_off(f"its header states {stated} frames, and it has {self._count}")


def open_container(file: BinaryIO, container: Container) -> Any:
    """Opens a file object with the demuxer of its container, and no other.

    Raises:
      MediaError: `corrupt`, `truncated` or `unsupported`.
    """
    try:
        return av.open(
            _LenientFile(file),
            mode="r",
            format=container.demuxer,
            metadata_errors="ignore",
            io_open=_refuse_other_files,
            # A second protection beside `io_open`: no protocol may be opened for a reference within the file.
            options={"protocol_whitelist": "none", "format_whitelist": container.demuxer},
        )
    except av.error.FFmpegError as error:
        raise_unreadable(error)


class _LenientFile:
    """A file that returns an error number for an impossible seek, as the operating system does.

    Damaged headers make FFmpeg seek to such positions. Python's file raises, and PyAV prints the error and fails later.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.read = file.read
        self.tell = file.tell
        self._seek = file.seek

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        try:
            return self._seek(offset, whence)
        except (OSError, ValueError, OverflowError):
            return -errno.EINVAL


def _refuse_other_files(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    raise MediaError("unsupported", "the file refers to another file or address, which is not allowed")


def raise_unreadable(error: av.error.FFmpegError) -> NoReturn:
    """Raises FFmpeg's error while reading as the error that fails the recording."""
    # FFmpeg's message may contain the file's name.
    if isinstance(error, av.error.MemoryError):
        raise decoder_memory() from None
    if isinstance(error, (av.error.DecoderNotFoundError, av.error.PatchWelcomeError)):
        raise MediaError("unsupported", "the codec of the audio track is not supported") from None
    if isinstance(error, av.error.EOFError):
        raise MediaError("truncated", "the file ends before its audio does") from None
    raise MediaError("corrupt", f"FFmpeg cannot read the file ({type(error).__name__})") from None


def _native(frame: Any) -> Samples:
    """A frame's samples as (channels, frames), in the codec's own sample type."""
    name = frame.format.name
    if name.removesuffix("p") not in _DTYPES:
        raise MediaError("unsupported", f"samples of type {name} are not supported")
    channels = frame.layout.nb_channels
    if frame.format.is_planar and channels > MOST_PLANES:
        frame = _packed(frame)
    array: Samples = frame.to_ndarray()
    if frame.format.is_planar:
        return array
    interleaved: Samples = array.reshape(-1, channels)
    return interleaved.T


def _packed(frame: Any) -> Any:
    """The frame with its channels interleaved."""
    (packed,) = av.AudioResampler(format=frame.format.name.removesuffix("p")).resample(frame)
    return packed


def _forget_own_layout(decoder: Any) -> None:
    """Replaces a layout that lists its channels one by one by their number, before the decoder is opened.

    PyAV frees such a list twice, with each frame. Reading the layout once is safe.
    """
    layout = decoder.layout
    if "channels (" in layout.name:
        decoder.layout = f"{layout.nb_channels} channels"


def _codec_name(stream: Any) -> str:
    return str(stream.codec_context.codec.canonical_name)


def _bits(codec: str, extradata: bytes | None, dtype: np.dtype[Any]) -> int | None:
    """Significant bits of a lossless codec's sample; None for lossy codecs."""
    if codec == "flac" and extradata and len(extradata) >= 34:
        return ((extradata[12] & 1) << 4 | extradata[13] >> 4) + 1
    if codec == "alac" and extradata and len(extradata) >= 24:
        return extradata[len(extradata) - 36 + 17] if len(extradata) >= 36 else extradata[5]
    if codec in _LOSSLESS_BITS:
        return _LOSSLESS_BITS[codec]
    if codec.startswith("pcm_"):
        named = re.match(r"pcm_[sfu](\d+)", codec)
        return int(named[1]) if named else dtype.itemsize * 8
    if codec in {"wavpack", "tta", "ape", "tak", "wmalossless", "shorten"}:
        return dtype.itemsize * 8
    return None


def _nominal_rate_hz(codec: str, extradata: bytes | None) -> int | None:
    """The input rate in an Opus header; None for other codecs."""
    if codec != "opus" or not extradata or len(extradata) < 16:
        return None
    return int.from_bytes(extradata[12:16], "little") or None


def _opus_pre_skip(extradata: bytes | None) -> int:
    return int.from_bytes(extradata[10:12], "little") if extradata and len(extradata) >= 12 else 0


def _seconds(ticks: int | None, time_base: Fraction | None) -> float | None:
    return None if ticks is None or time_base is None else float(ticks * time_base)


def is_moving(video: Any) -> bool:
    """Whether a video track has moving pictures, unlike cover art."""
    still = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
    return not video.disposition & still
