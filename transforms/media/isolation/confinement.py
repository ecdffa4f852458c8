"""Confinement of a child process before it reads a recording: memory, time, files, processes, network.

Resource limits work on every Linux. The system call filter needs libseccomp, which Debian's and Ubuntu's base images
contain; namespaces need a kernel and a container that allow them to all users. `Locks` says which of them work.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import mmap
import os
import resource
import signal
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_CLONE_NEWUSER, _CLONE_NEWNET, _CLONE_NEWIPC = 0x10000000, 0x40000000, 0x08000000
_SCMP_ACT_ALLOW, _SCMP_ACT_ERRNO = 0x7FFF0000, 0x00050000
_CMP_MASKED_EQ = 7
_FUTEX_PRIVATE_FLAG = 128
_ALL_BITS = 2**64 - 1
_OPEN_FILES = 16


@dataclass(frozen=True)
class Argument:
    """Condition on an argument of a system call: `argument & mask == value`.

    Attributes:
      position: From 0.
      mask: Which of its bits count.
    """

    position: int
    value: int
    mask: int = _ALL_BITS


ALLOWED_CALLS = (
    # The files and the socket that it was given.
    ("read", "readv", "write", "writev", "lseek", "close", "ftruncate"),
    ("recvfrom", "poll", "ppoll"),
    # Memory of its own.
    ("brk", "munmap", "mremap"),
    # Time, random numbers, and the end of the process.
    ("clock_gettime", "clock_nanosleep", "gettimeofday", "nanosleep", "getrandom", "exit", "exit_group"),
    ("rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall"),
    ("sched_yield", "getpid", "gettid", "getrusage"),
)
"""System calls that are allowed with any arguments: none of them opens or examines a file, makes a socket, or starts a
process or thread."""

_PRIVATE_MEMORY = (Argument(2, 0, mmap.PROT_EXEC), Argument(3, 0, mmap.MAP_SHARED))

CONDITIONAL_CALLS: Mapping[str, tuple[tuple[Argument, ...], ...]] = {
    # Other commands make the kernel signal processes (F_SETOWN, F_SETLEASE, F_NOTIFY), or lock the recording.
    "fcntl": ((Argument(1, fcntl.F_GETFD),), (Argument(1, fcntl.F_GETFL),)),
    # To the other end only; other calls could send file descriptors in ancillary data.
    "sendto": ((Argument(4, 0),),),
    # Neither executable nor shared memory.
    "mmap": (_PRIVATE_MEMORY,),
    "mprotect": ((Argument(2, 0, mmap.PROT_EXEC),),),
    # For root, other advice can disable pages that all processes share.
    "madvise": tuple((Argument(2, advice),) for advice in (mmap.MADV_DONTNEED, mmap.MADV_FREE, mmap.MADV_HUGEPAGE)),
    # Private ones only: other processes may wait in a page of a shared library.
    "futex": ((Argument(1, _FUTEX_PRIVATE_FLAG, _FUTEX_PRIVATE_FLAG),),),
    "sched_getaffinity": ((Argument(0, 0),),),
}
"""System calls that are allowed if all conditions of one alternative hold."""


@dataclass(frozen=True)
class Allowance:
    """Resources that one child may use.

    Attributes:
      memory_bytes: Beside the code and data that all children share.
      processor_s: Of processor time.
      written_bytes: Into a file that it got; 0 for children that write no file.
    """

    memory_bytes: int
    processor_s: float
    written_bytes: int = 0


@dataclass(frozen=True)
class Locks:
    """Which locks hold on this machine, beside the resource limits.

    Attributes:
      call_filter: Only `ALLOWED_CALLS` and `CONDITIONAL_CALLS` can be called.
      namespaces: The process has its own network, without any interface, and none of its user's rights.
    """

    call_filter: bool
    namespaces: bool

    def missing(self) -> str:
        """The locks that do not work here and how to enable them, as the end of a sentence; empty if all work."""
        lacks = []
        if not self.call_filter:
            lacks.append("a filter of system calls (install libseccomp: apt-get install libseccomp2)")
        if not self.namespaces:
            lacks.append("namespaces of their own (allow user namespaces on the machine and in the container)")
        return " and ".join(lacks)


class Confinement:
    """The locks: prepared once in the process that forks, closed in each child."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._filter = _CallFilter.build()
        self._shared_bytes = 0
        self.locks = Locks(self._filter is not None, self._leave_network())

    def share(self) -> None:
        """Notes that all code and data that children share are in memory."""
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        self._shared_bytes = pages * resource.getpagesize()

    def close_on(self, parent: int, allowance: Allowance, files: Collection[int]) -> None:
        """Confines this process for good.

        Args:
          parent: The process that forked this one; when it ends, this one is killed.
          files: File descriptors that stay open.
        """
        _close_all_but(files)
        self._libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(0)
        # Neither a core dump nor a debugger: other processes of this user could read samples from them.
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


class _Comparison(ctypes.Structure):
    """libseccomp's `scmp_arg_cmp`."""

    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operation", ctypes.c_int),
        ("mask", ctypes.c_uint64),
        ("value", ctypes.c_uint64),
    )


class _CallFilter:
    """libseccomp's filter: calls that are not allowed fail with EPERM."""

    def __init__(self, library: ctypes.CDLL, context: ctypes.c_void_p) -> None:
        self._library = library
        self._context = context

    @classmethod
    def build(cls) -> _CallFilter | None:
        """None on machines without libseccomp."""
        try:
            library = ctypes.CDLL("libseccomp.so.2")
        except OSError:
            return None
        library.seccomp_init.restype = ctypes.c_void_p
        built = cls(library, ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(_SCMP_ACT_ERRNO | errno.EPERM))))
        for call in (call for group in ALLOWED_CALLS for call in group):
            built._allow(call, ())
        for call, alternatives in CONDITIONAL_CALLS.items():
            for arguments in alternatives:
                built._allow(call, arguments)
        return built

    def _allow(self, call: str, arguments: Sequence[Argument]) -> None:
        number = self._library.seccomp_syscall_resolve_name(call.encode())
        compared = (_Comparison * len(arguments))(
            *(_Comparison(each.position, _CMP_MASKED_EQ, each.mask, each.value) for each in arguments)
        )
        # A call that does not exist on this processor's Linux cannot be allowed, and stays forbidden.
        self._library.seccomp_rule_add_array(
            self._context, ctypes.c_uint32(_SCMP_ACT_ALLOW), number, len(arguments), compared
        )

    def load(self) -> None:
        """Raises `OSError` if the kernel refuses: then nothing is decoded."""
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
