"""Fork server: a process that a worker starts once, without its environment, files or memory, to fork children.

It has loaded the modules for decoding, and never reads a recording. Each child is a copy of it that does one job: a
hostile file can only damage that child. `children.ForkServer` starts it.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import importlib
import json
import os
import selectors
import signal
import socket
from collections.abc import Callable
from typing import Any, BinaryIO, NoReturn

from hushbeam.transforms.media.isolation.confinement import Allowance, Confinement

LARGEST_REQUEST = 32 * 1024
_MOST_FILES = 4

Job = Callable[[dict[str, Any], socket.socket, tuple[BinaryIO, ...]], None]
"""A child's job, which gets a connection to the worker and the files of the request."""


def serve(control: int, jobs_module: str) -> None:
    """Forks children until the worker closes `control`, or ends.

    Args:
      jobs_module: Module of the jobs: its `rehearse` is called here once, its `do` (a `Job`) in each child.
    """
    confinement = Confinement()
    # Imported only now: a process can leave its namespaces only before a library starts a thread.
    jobs = importlib.import_module(jobs_module)
    jobs.rehearse()
    # Standard error tells the worker why this process did not start. From here on FFmpeg could quote a file there.
    os.dup2(1, 2)
    gc.collect()
    gc.freeze()
    confinement.share()
    with socket.socket(fileno=control) as requests:
        requests.send(json.dumps(vars(confinement.locks)).encode())
        _Server(requests, confinement, jobs.do).run()


class _Server:
    """One thread, one loop.

    A request comes with a connection between child and worker, and a lease: the worker ends the child by closing its
    side of the lease, and receives the child's exit status there.
    """

    def __init__(self, requests: socket.socket, confinement: Confinement, do: Job) -> None:
        self._requests = requests
        self._confinement = confinement
        self._do = do
        self._leases: dict[int, socket.socket] = {}
        self._own = os.getpid()

    def run(self) -> None:
        woken, wake = socket.socketpair()
        for side in (woken, wake):
            side.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._requests, selectors.EVENT_READ, self._accept)
        self._selector.register(woken, selectors.EVENT_READ, lambda: self._reap(woken))
        # Children are killed when this process ends, however it does.
        with contextlib.suppress(EOFError):
            while True:
                for key, _ in self._selector.select():
                    key.data()

    def _accept(self) -> None:
        content, files, _, _ = socket.recv_fds(self._requests, LARGEST_REQUEST, _MOST_FILES)
        if not content:
            raise EOFError
        connection, lease_file, *others = files
        lease = socket.socket(fileno=lease_file)
        try:
            child = os.fork()
        except OSError:
            # The closed lease tells the worker that no child was started.
            lease.close()
        else:
            if child == 0:
                self._become(json.loads(content), connection, tuple(others))
            self._leases[child] = lease
            self._selector.register(lease, selectors.EVENT_READ, lambda: self._end(child))
        for file in (connection, *others):
            os.close(file)

    def _become(self, job: dict[str, Any], connection: int, files: tuple[int, ...]) -> NoReturn:
        """Does the job, in the new child."""
        status = os.EX_SOFTWARE
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            talk = socket.socket(fileno=connection)
            # Open before the confinement: opening calls `fstat`, which is forbidden then.
            opened = tuple(_opened(file) for file in files)
            self._confinement.close_on(self._own, Allowance(**job.pop("allowance")), (connection, *files))
            self._do(job, talk, opened)
            status = os.EX_OK
        finally:
            os._exit(status)

    def _end(self, child: int) -> None:
        """Kills a child whose lease the worker has closed."""
        if child not in self._leases:
            # It ended by itself at the same moment: its process id may belong to another process by now.
            return
        os.kill(child, signal.SIGKILL)
        self._selector.unregister(self._leases[child])

    def _reap(self, woken: socket.socket) -> None:
        woken.recv(4096)
        while self._leases:
            child, status = os.waitpid(-1, os.WNOHANG)
            if not child:
                return
            with self._leases.pop(child) as lease:
                # Without an open lease, the worker has ended the child itself.
                with contextlib.suppress(KeyError):
                    self._selector.unregister(lease)
                with contextlib.suppress(OSError):
                    lease.send(str(os.waitstatus_to_exitcode(status)).encode())


def _opened(file: int) -> BinaryIO:
    """A file object for a descriptor, in the mode in which it was opened."""
    reads_only = fcntl.fcntl(file, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
    return os.fdopen(file, "rb" if reads_only else "r+b")
