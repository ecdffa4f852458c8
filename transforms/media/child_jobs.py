"""Jobs of a child process on untrusted bytes. They run in a confined process that ends with its job."""

from __future__ import annotations

import contextlib
import errno
import importlib
import io
import pkgutil
import socket
import struct
import traceback
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, cast

import av
import numpy as np

from hushbeam.schemas.media import MediaInfo
from hushbeam.transforms.media.errors import MediaError, decoder_memory
from hushbeam.transforms.media.hidden_text.search import count_hidden_text
from hushbeam.transforms.media.isolation import wire
from hushbeam.transforms.media.isolation.wire import MessageKind
from hushbeam.transforms.media.isolation.worker_file import WorkerFile
from hushbeam.transforms.media.output_format import OutputFormat
from hushbeam.transforms.media.samples import Samples
from hushbeam.transforms.media.track_decoder import TrackDecoder
from hushbeam.transforms.media.video.copy import VideoCopyWriter

_NOT_LOADED = ("av.__main__", "av.datasets")
_BUFFER = 256 * 1024
_UNREADABLE = frozenset({errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.ENODATA})


def do(job: dict[str, Any], connection: socket.socket, files: tuple[BinaryIO, ...]) -> None:
    """Does one job and sends its result or its error to the worker."""
    try:
        if job["do"] == "decode":
            _decode(connection, files)
        elif job["do"] == "search_video":
            _search_video(connection, files)
        else:
            _copy_video(connection, files, job)
    except (wire.WireError, BrokenPipeError, ConnectionError):
        # The worker has closed the connection.
        return
    except MediaError as error:
        _refuse(connection, error)
    except MemoryError:
        _refuse(connection, decoder_memory())
    except Exception as error:  # noqa: BLE001 - a hostile file can cause any exception, which fails this file only
        if isinstance(error, OSError) and error.errno in _UNREADABLE:
            _refuse(connection, MediaError("not_readable", "the disk failed to read the file", retryable=True))
        else:
            _refuse(connection, _unexpected(error))


def rehearse() -> None:
    """Loads all of PyAV and decodes a little audio: children cannot open files, so they cannot import modules."""
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if module.name not in _NOT_LOADED:
            importlib.import_module(module.name)
    silence = bytes(1600)
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + 1600, b"WAVE", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16, b"data", 1600
    )
    with TrackDecoder(io.BytesIO(header + silence)) as decoder:
        for block in decoder.blocks():
            np.ascontiguousarray(block.T)
    with contextlib.suppress(MediaError), TrackDecoder(io.BytesIO(b"fLaC" + silence)):
        raise AssertionError("noise was decoded as audio")


def _decode(connection: socket.socket, files: tuple[BinaryIO, ...]) -> None:
    with _source(connection, files) as source, TrackDecoder(source) as decoder:
        wire.send(connection, MessageKind.INFO, asdict(decoder.info))
        for block in decoder.blocks():
            wire.send(connection, MessageKind.BLOCK, data=np.ascontiguousarray(block.T))
        wire.send(connection, MessageKind.END)


def _copy_video(connection: socket.socket, files: tuple[BinaryIO, ...], job: dict[str, Any]) -> None:
    info, output = MediaInfo(**job["info"]), OutputFormat(**job["output"])
    try:
        with files[0] as source, files[1] as copy:
            writer = VideoCopyWriter(copy, source, info, output)
            for block in _sent_blocks(connection, info):
                writer.write(block)
            writer.finish()
    except av.error.FFmpegError as error:
        raise MediaError("not_encodable", f"the encoder failed ({type(error).__name__})") from None
    except OSError as error:
        if isinstance(error, ConnectionError):
            raise
        raise MediaError(
            "not_written", f"the file cannot be written ({type(error).__name__})", retryable=True
        ) from None
    wire.send(connection, MessageKind.END)


def _search_video(connection: socket.socket, files: tuple[BinaryIO, ...]) -> None:
    wire.send(connection, MessageKind.FOUND, count_hidden_text(files[0]))


def _sent_blocks(connection: socket.socket, info: MediaInfo) -> Iterator[Samples]:
    while (message := wire.receive(connection)).kind is MessageKind.BLOCK:
        yield np.frombuffer(message.data, info.sample_type).reshape(-1, info.channels).T


def _source(connection: socket.socket, files: tuple[BinaryIO, ...]) -> BinaryIO:
    if files:
        return files[0]
    return cast(BinaryIO, io.BufferedReader(WorkerFile(connection), _BUFFER))


def _refuse(connection: socket.socket, error: MediaError) -> None:
    fields = {"reason": error.reason, "message": error.message, "retryable": error.retryable}
    with contextlib.suppress(OSError):
        wire.send(connection, MessageKind.REFUSED, fields)


def _unexpected(error: Exception) -> MediaError:
    """An error with the type and the line of `error`, without its message, which may quote the file."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return MediaError(
        "decoder_crashed",
        f"the decoder failed with {type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}",
    )
