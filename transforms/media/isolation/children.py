"""Child processes of a worker: starts them, limits their time, and reports how they ended."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, BinaryIO, Self

import hushbeam
from hushbeam.schemas.errors import ConfigurationError, RunError
from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.isolation import wire
from hushbeam.transforms.media.isolation.confinement import Locks
from hushbeam.transforms.media.isolation.fork_server import LARGEST_REQUEST
from hushbeam.transforms.media.isolation.wire import Message, MessageKind
from hushbeam.transforms.media.limits import MediaLimits

_STARTED_S = 60.0
_ENDED_S = 10.0
_LARGEST_READ = 4 * 2**20
_LONGEST_MESSAGE = 200
_REASON = re.compile(r"[a-z_]{1,40}")
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[2]); "
    "from hushbeam.transforms.media.isolation.fork_server import serve; serve(int(sys.argv[1]), sys.argv[3])"
)
_DECODING = "hushbeam.transforms.media.child_jobs"
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"}


class Child:
    """One job on untrusted bytes in a process of its own, as a context manager that ends the process.

    Args:
      job: As `hushbeam.transforms.media.child_jobs.do` takes it.
      limits: Of memory and time. Time counts only while the worker waits for the child.
      files: Open files that the child gets.
      source: A file that the worker reads for a child without files.
      written_bytes: Bytes that the child may write.
      server: Forks the child; None for the server whose children decode.

    Raises:
      ConfigurationError: The limits require locks that this machine does not have.

    Raises (while sending and receiving):
      MediaError: The child's reason to refuse the recording, or how it ended: `decoder_memory`, `decoder_time`,
        `decoder_crashed`.
    """

    def __init__(
        self,
        job: Mapping[str, Any],
        limits: MediaLimits,
        *,
        files: Sequence[IO[bytes]] = (),
        source: BinaryIO | None = None,
        written_bytes: int = 0,
        server: ForkServer | None = None,
    ) -> None:
        check_confinement(limits)
        allowance = {
            "memory_bytes": limits.decoder_memory_bytes,
            "processor_s": limits.longest_decode_s,
            "written_bytes": written_bytes,
        }
        self._limits = limits
        self._source = source
        self._allowed_s = limits.decode_s
        self._waited_s = 0.0
        self._connection, self._lease = (server or _SERVER).start({**job, "allowance": allowance}, files)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()
        self._lease.close()

    def allow_for(self, audio_s: float) -> None:
        """Extends the child's time by that for `audio_s` more seconds of audio."""
        self._allowed_s += audio_s / 3600 * self._limits.decode_s_per_hour

    def receive(self) -> Message:
        """The child's next message, after reading for it as it requests."""
        while True:
            message = self._next()
            if message.kind is MessageKind.REFUSED:
                raise _refusal(message)
            if message.kind is not MessageKind.READ:
                return message
            self._read_for_child(message)

    def send(self, kind: MessageKind, data: Any = b"") -> None:
        """Sends a message to the child."""
        started = time.monotonic()
        try:
            self._connection.settimeout(max(self._allowed_s - self._waited_s, 0.001))
            wire.send(self._connection, kind, data=data)
        except TimeoutError:
            raise self._too_slow() from None
        except OSError:
            # The child has closed its side, and may have sent the reason.
            self.receive()
            raise self.invalid_reply() from None
        finally:
            self._waited_s += time.monotonic() - started

    def invalid_reply(self) -> MediaError:
        """The error of a child that sent an invalid message."""
        return MediaError("decoder_crashed", "the decoder sent an invalid reply")

    def _next(self) -> Message:
        started = time.monotonic()
        try:
            return wire.receive(self._connection, started + self._allowed_s - self._waited_s)
        except TimeoutError:
            raise self._too_slow() from None
        except (wire.WireError, OSError):
            raise self._ended() from None
        finally:
            self._waited_s += time.monotonic() - started

    def _read_for_child(self, message: Message) -> None:
        offset, size = message.fields.get("offset"), message.fields.get("size")
        if self._source is None or not isinstance(offset, int) or not isinstance(size, int) or offset < 0:
            raise self.invalid_reply()
        total = self._source.seek(0, os.SEEK_END)
        self._source.seek(offset)
        content = self._source.read(max(0, min(size, _LARGEST_READ)))
        try:
            wire.send(self._connection, MessageKind.BYTES, {"size": total}, content)
        except OSError:
            raise self._ended() from None

    def _too_slow(self) -> MediaError:
        return MediaError("decoder_time", f"the decoder sent nothing for {self._allowed_s:.0f} s")

    def _ended(self) -> MediaError:
        """The error of a child that has ended."""
        self._connection.close()
        self._lease.settimeout(_ENDED_S)
        try:
            answer = self._lease.recv(16)
        except OSError:
            answer = b""
        if not answer:
            return MediaError("decoder_crashed", "the decoder did not start, or has ended", retryable=True)
        status = int(answer)
        if status == -signal.SIGXCPU:
            return self._too_slow()
        if status == -signal.SIGKILL:
            # Linux kills a process with SIGKILL when memory runs out.
            return MediaError("decoder_crashed", "the decoder was killed", retryable=True)
        return MediaError("decoder_crashed", f"the decoder {_how_it_ended(status)}")


def _refusal(message: Message) -> MediaError:
    """A child's reason, with at most a line of its message: a hostile file may control the child."""
    reason, text = message.fields.get("reason"), message.fields.get("message")
    if not isinstance(reason, str) or not _REASON.fullmatch(reason) or not isinstance(text, str):
        return MediaError("decoder_crashed", "the decoder sent an invalid reply")
    return MediaError(reason, _printable(text), retryable=message.fields.get("retryable") is True)


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())[:_LONGEST_MESSAGE]


def _how_it_ended(status: int | None) -> str:
    if status is None:
        return f"did not answer for {_STARTED_S:.0f} s"
    return f"ended with {signal.Signals(-status).name if status < 0 else f'status {status}'}"


def _not_started(why: str) -> RunError:
    """The error of a worker that cannot start its decoders: the installation, or a limit of this machine."""
    return RunError(
        f"the process that starts decoders cannot be started: {why}; check the installation with "
        f"`{sys.executable} -m pip check`, and this machine's limits with `ulimit -a`"
    )


class ForkServer:
    """Handle of a fork server of this worker, which starts with the first child. Safe to use from several threads.

    Args:
      jobs_module: Module of its children's jobs, as for `fork_server.serve`.
    """

    def __init__(self, jobs_module: str = _DECODING) -> None:
        self._jobs_module = jobs_module
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._said: IO[bytes] | None = None
        """What a server says on standard error until it is ready."""
        self._locks: Locks | None = None

    def start(self, job: Mapping[str, Any], files: Sequence[IO[bytes]]) -> tuple[socket.socket, socket.socket]:
        """Starts a child.

        Returns:
          The connection to it, and its lease.

        Raises:
          RunError: No process can be started on this machine.
        """
        request = json.dumps(job).encode()
        if len(request) > LARGEST_REQUEST:
            raise ValueError("a decoder's job must be small")
        connection, theirs = socket.socketpair()
        lease, lease_theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, lease_theirs:
            given = [theirs.fileno(), lease_theirs.fileno(), *(file.fileno() for file in files)]
            try:
                self._send(request, given)
            except BaseException:
                connection.close()
                lease.close()
                raise
        return connection, lease

    def locks(self) -> Locks:
        """Which locks hold on this machine, beside the resource limits."""
        with self._lock:
            self._launch_unless_there()
            assert self._locks is not None
            return self._locks

    def close(self) -> None:
        """Ends the server and every child."""
        with self._lock:
            self._discard()

    def forget(self) -> None:
        """Forgets the server in a fork of this worker: it belongs to the parent."""
        self._lock = threading.Lock()
        if self._control is not None:
            self._control.close()
        if self._said is not None:
            self._said.close()
        self._process = self._control = self._said = None

    def _send(self, request: bytes, given: Sequence[int]) -> None:
        with self._lock:
            for last_try in (False, True):
                control = self._launch_unless_there()
                try:
                    socket.send_fds(control, [request], given)
                except OSError:
                    self._discard()
                    if last_try:
                        raise _not_started("it ends at once") from None
                else:
                    return

    def begin(self) -> None:
        """Starts the server, unless it runs, without waiting until it is ready."""
        with self._lock:
            if self._process is None:
                self._launch()

    def _launch_unless_there(self) -> socket.socket:
        if self._process is None or self._control is None or self._process.poll() is not None:
            self._launch()
        assert self._control is not None
        if self._said is not None:
            self._locks = self._greeted(self._control, self._said)
            self._said.close()
            self._said = None
        return self._control

    def _launch(self) -> None:
        self._discard()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._said = os.fdopen(os.memfd_create("errors"), "rb")
        with theirs:
            self._start_process(theirs, self._said)

    def _greeted(self, control: socket.socket, said: IO[bytes]) -> Locks:
        """Waits for the server's first message."""
        control.settimeout(_STARTED_S)
        try:
            hello = control.recv(LARGEST_REQUEST)
        except TimeoutError:
            hello = None
        except OSError:
            hello = b""
        if not hello:
            raise self._failure(said, silent=hello is None)
        return Locks(**json.loads(hello))

    def _start_process(self, theirs: socket.socket, said: IO[bytes]) -> None:
        library_path = {name: value for name, value in os.environ.items() if name == "LD_LIBRARY_PATH"}
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [
                    sys.executable,
                    "-I",
                    "-S",
                    "-c",
                    _START,
                    str(theirs.fileno()),
                    json.dumps(_module_path()),
                    self._jobs_module,
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                # Only until it has started: then it writes to /dev/null, because FFmpeg's messages may quote the file.
                stderr=said,
                cwd="/",
                env=_ENVIRONMENT | library_path,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        except OSError as error:
            self._discard()
            raise _not_started(f"{sys.executable}: {error.strerror}") from None

    def _failure(self, said: IO[bytes], *, silent: bool) -> RunError:
        """Why the server did not start: its last line on standard error, or how it ended."""
        status = None
        if not silent and self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                status = self._process.wait(_ENDED_S)
        said.seek(0)
        lines = [line for line in said.read(_LARGEST_READ).decode(errors="replace").splitlines() if line.strip()]
        self._discard()
        return _not_started(_printable(lines[-1]) if lines else _how_it_ended(status))

    def _discard(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._said is not None:
            self._said.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = self._control = self._said = None


def _module_path() -> list[str]:
    """The import path of this worker, in absolute paths, because the server starts in another folder.

    An editable installation finds the packages by a hook that the server does not have, so their folder is added.
    """
    ours = str(Path(hushbeam.__file__).parents[1])
    return [os.path.abspath(entry) for entry in [*sys.path, ours]]  # noqa: PTH100 - a missing folder is no error


_SERVER = ForkServer()
atexit.register(_SERVER.close)
os.register_at_fork(after_in_child=_SERVER.forget)


def begin_server() -> None:
    """Starts the process that starts decoders, without waiting until it is ready: it loads FFmpeg for a second."""
    _SERVER.begin()


def locks() -> Locks:
    """Which locks hold on this machine for every child, beside the resource limits."""
    return _SERVER.locks()


def check_confinement(limits: MediaLimits) -> None:
    """Refuses to decode on a machine without all locks, if the limits require them.

    Raises:
      ConfigurationError: Names the option and what to do.
    """
    missing = locks().missing() if limits.require_confinement else ""
    if missing:
        raise ConfigurationError(
            f"--require_confinement: decoders on this machine lack {missing}; see docs/untrusted-media.md"
        )
