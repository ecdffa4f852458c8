"""What a child gives up before it looks at a recording: memory, time, files, processes, the network.

Resource limits hold on every Linux. The system call filter needs libseccomp, which Debian's and Ubuntu's base images
bring along; namespaces need a kernel and a container that allow them to everybody. `Locks` says which ones hold.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import signal
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_CLONE_NEWUSER, _CLONE_NEWNET, _CLONE_NEWIPC = 0x10000000, 0x40000000, 0x08000000
_SCMP_ACT_ALLOW, _SCMP_ACT_ERRNO = 0x7FFF0000, 0x00050000
_OPEN_FILES = 16

ALLOWED_CALLS = (
    # The files and the socket that it was given.
    ("read", "readv", "write", "writev", "lseek", "close", "fstat", "newfstatat", "fcntl", "ftruncate"),
    ("sendto", "sendmsg", "recvfrom", "recvmsg", "poll", "ppoll"),
    # Memory.
    ("brk", "mmap", "munmap", "mremap", "mprotect", "madvise"),
    # Time, chance, and the end.
    ("clock_gettime", "clock_nanosleep", "gettimeofday", "nanosleep", "getrandom", "exit", "exit_group"),
    ("rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall"),
    ("futex", "sched_yield", "sched_getaffinity", "getpid", "gettid", "getrusage"),
)
"""All that a decoder may ask of the system: no file can be opened, no socket made, no process or thread started."""


@dataclass(frozen=True)
class Allowance:
    """What one child may use.

    Attributes:
      memory_bytes: Beside the code and data that all children share.
      processor_s: Of processor time.
      written_bytes: Into a file that it was given; 0 where it writes none.
    """

    memory_bytes: int
    processor_s: float
    written_bytes: int = 0


@dataclass(frozen=True)
class Locks:
    """Which locks hold on this machine, beside the resource limits.

    Attributes:
      call_filter: Only `ALLOWED_CALLS` can be called.
      namespaces: The process is in a network of its own, without any interface, and has no rights of its user's.
    """

    call_filter: bool
    namespaces: bool


class Confinement:
    """The locks: prepared once in the process that forks, closed in each child."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._filter = _CallFilter.build()
        self._shared_bytes = 0
        self.locks = Locks(self._filter is not None, self._leave_network())

    def share(self) -> None:
        """Takes it that all code and data that children share are in memory."""
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        self._shared_bytes = pages * resource.getpagesize()

    def close_on(self, parent: int, allowance: Allowance, files: Collection[int]) -> None:
        """Confines this process for good.

        Args:
          parent: The process that forked this one; when it ends, this one is killed.
          files: Descriptors that stay open.
        """
        _close_all_but(files)
        self._libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(0)
        # Neither a core dump nor a debugger: a process of this user's could read samples from either.
        self._libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        _limit(resource.RLIMIT_CORE, 0)
        _limit(resource.RLIMIT_AS, self._shared_bytes + allowance.memory_bytes)
        _limit(resource.RLIMIT_CPU, max(1, round(allowance.processor_s)), grace=1)
        _limit(resource.RLIMIT_FSIZE, allowance.written_bytes)
        _limit(resource.RLIMIT_NPROC, 0)
        _limit(resource.RLIMIT_NOFILE, _OPEN_FILES)
        self._libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if self._filter is not None:
            self._filter.load()

    def _leave_network(self) -> bool:
        return self._libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET | _CLONE_NEWIPC) == 0


class _CallFilter:
    """libseccomp's filter: what is not allowed answers that it is not permitted."""

    def __init__(self, library: ctypes.CDLL, context: ctypes.c_void_p) -> None:
        self._library = library
        self._context = context

    @classmethod
    def build(cls) -> _CallFilter | None:
        """None where there is no libseccomp."""
        try:
            library = ctypes.CDLL("libseccomp.so.2")
        except OSError:
            return None
        library.seccomp_init.restype = ctypes.c_void_p
        context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(_SCMP_ACT_ERRNO | errno.EPERM)))
        for call in (call for group in ALLOWED_CALLS for call in group):
            number = library.seccomp_syscall_resolve_name(call.encode())
            library.seccomp_rule_add(context, ctypes.c_uint32(_SCMP_ACT_ALLOW), number, 0)
        return cls(library, context)

    def load(self) -> None:
        """Raises `OSError` where the kernel refuses: then nothing is decoded."""
        failure = self._library.seccomp_load(self._context)
        if failure:
            raise OSError(-failure, os.strerror(-failure))


def _limit(what: int, most: int, grace: int = 0) -> None:
    """Sets both limits; with a grace, the signal of the lower one names the cause before the upper one kills."""
    hard = resource.getrlimit(what)[1]
    least = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (least, least + grace if hard == resource.RLIM_INFINITY else least))


def _close_all_but(files: Collection[int]) -> None:
    low = 3  # the standard streams lead nowhere
    for number in sorted(files):
        os.closerange(low, number)
        low = number + 1
    os.closerange(low, os.sysconf("SC_OPEN_MAX"))
