"""Processes of a small cluster on this machine: each with a log of its own, and all ended as whole groups."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
_START_S = 90.0


class Service:
    """A process, with the processes that it starts: they form a group, which ends as a whole."""

    def __init__(
        self, name: str, command: Sequence[str], folder: Path, environment: dict[str, str] | None = None
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                list(command),
                env=worker_environment() | (environment or {}),
                cwd=folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_for(self, ready: Callable[[], bool], limit_s: float = _START_S) -> None:
        """Returns as soon as the service is ready."""
        until = time.monotonic() + limit_s
        while not ready():
            if self._process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with status {self._process.returncode}:\n{self.tail()}")
            if time.monotonic() > until:
                raise RuntimeError(f"{self.name} is not ready after {limit_s:.0f} s:\n{self.tail()}")
            time.sleep(0.1)

    @property
    def process_id(self) -> int:
        return self._process.pid

    def grandchildren(self) -> list[int]:
        """Process ids that the processes started which this one started."""
        return [
            grandchild.pid for child in psutil.Process(self._process.pid).children() for grandchild in child.children()
        ]

    def wait(self, limit_s: float) -> int:
        """The status with which it ended."""
        return self._process.wait(limit_s)

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        """As an out-of-memory killer or a lost machine would: no chance to clean up."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
        self.kill()

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]


def worker_environment() -> dict[str, str]:
    """Beam's worker pool starts plain `python`, which must be this one and must find the job's packages."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)}


def on_cores(cores: Sequence[int]) -> list[str]:
    """What to put before a command so that it and its children have these cores alone; nothing for all cores."""
    return ["taskset", "--cpu-list", ",".join(map(str, cores))] if cores else []


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def enabled(port: int, host: str = "127.0.0.1") -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


class WorkerPool:
    """`hushbeam workers`, as it runs beside a task manager: starts a process for each worker asked for."""

    def __init__(
        self,
        folder: Path,
        host: str = "127.0.0.1",
        port: int | None = None,
        cores: Sequence[int] = (),
        socket_path: Path | None = None,
    ) -> None:
        self._socket = socket_path
        self.port = port or free_port()
        self._cores = cores
        self._host = host
        self._folder = folder

    def start(self) -> None:
        """Again on the same port after a kill, as an orchestrator would."""
        self.begin()
        self.service.wait_for(self._socket.is_socket if self._socket else lambda: enabled(self.port, self._host))

    def begin(self) -> None:
        """Starts the pool, and does not wait until it is ready."""
        pool = [sys.executable, "-m", "hushbeam", "workers", "--address", self.address]
        self.service = Service(f"pool-{self._host}", [*on_cores(self._cores), *pool], self._folder)

    @property
    def address(self) -> str:
        return f"unix:{self._socket}" if self._socket else f"{self._host}:{self.port}"

    @property
    def options(self) -> tuple[str, ...]:
        return ("--environment_type=EXTERNAL", f"--environment_config={self.address}")

    def workers(self) -> list[int]:
        """Process ids; the pool's own children are those that it forks workers from."""
        return self.service.grandchildren()


@contextmanager
def worker_pool(folder: Path, socket_path: Path | None = None) -> Iterator[WorkerPool]:
    pool = WorkerPool(folder, socket_path=socket_path)
    pool.start()
    try:
        yield pool
    finally:
        pool.service.stop()
