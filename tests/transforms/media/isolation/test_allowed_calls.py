"""System calls of a confined process: none of those allowed can affect other processes (processes)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hushbeam.transforms.media.isolation.children import locks
from hushbeam.transforms.media.isolation.confinement import ALLOWED_CALLS, CONDITIONAL_CALLS
from tests.ordinary_user import let_others_in

pytestmark = pytest.mark.permissions

pytestmark = pytest.mark.skipif(not locks().call_filter, reason="libseccomp is not installed")

OWN_FILES = "only of descriptors: those that it was given"
OWN_MEMORY = "only of its own memory"
ITSELF = "only of the process itself"
JUDGED = {
    "read": OWN_FILES,
    "readv": OWN_FILES,
    "write": OWN_FILES,
    "writev": OWN_FILES,
    "lseek": OWN_FILES,
    "close": OWN_FILES,
    "ftruncate": OWN_FILES,
    "recvfrom": OWN_FILES,
    "poll": OWN_FILES,
    "ppoll": OWN_FILES,
    "fcntl": "F_GETFD and F_GETFL, which tell; all other commands are refused",
    "sendto": "to the other end of its socket; none other can be named",
    "brk": OWN_MEMORY,
    "munmap": OWN_MEMORY,
    "mremap": OWN_MEMORY,
    "mmap": "private, and not to be executed",
    "mprotect": "not to be executed",
    "madvise": "three pieces of advice about its own memory",
    "futex": "only on its own memory: the operation must be private",
    "clock_gettime": ITSELF,
    "clock_nanosleep": ITSELF,
    "gettimeofday": ITSELF,
    "nanosleep": ITSELF,
    "getrandom": ITSELF,
    "exit": ITSELF,
    "exit_group": ITSELF,
    "rt_sigaction": ITSELF,
    "rt_sigprocmask": ITSELF,
    "rt_sigreturn": ITSELF,
    "sigaltstack": ITSELF,
    "restart_syscall": ITSELF,
    "sched_yield": ITSELF,
    "getpid": ITSELF,
    "gettid": ITSELF,
    "getrusage": ITSELF,
    "sched_getaffinity": "of process 0, which is itself",
}

ATTEMPTS = """
import codecs, ctypes, errno, json, os, signal, socket, sys

victim, shared_path, given_path, user = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
sys.path[:] = json.loads(sys.argv[5])
from hushbeam.transforms.media.isolation.confinement import Allowance, Confinement

codecs.lookup("ascii")  # while this user can still read it
if user:
    os.setgid(user)
    os.setuid(user)
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
libseccomp = ctypes.CDLL("libseccomp.so.2")
NUMBERS = {name: libseccomp.seccomp_syscall_resolve_name(name.encode()) for name in json.loads(sys.argv[6])}
names = "kill tgkill fstat newfstatat sendmsg recvmsg prctl ioctl dup memfd_create mlock"
NUMBERS |= {name: libseccomp.seccomp_syscall_resolve_name(name.encode()) for name in names.split()}

def call(name, *arguments):
    ctypes.set_errno(0)
    result = libc.syscall(*(ctypes.c_long(each) for each in (NUMBERS[name], *arguments)))
    return "done" if result != -1 else errno.errorcode[ctypes.get_errno()]

ours, theirs = socket.socketpair()
given = open(given_path, "rb")
shared = open(shared_path, "r+b")
page = ctypes.create_string_buffer(1 << 16)
address = (ctypes.addressof(page) + 4095) & ~4095
who = ctypes.create_string_buffer(victim.to_bytes(4, "little") * 2)
other_address = ctypes.create_string_buffer(b"\\x01\\x00" + b"\\0victim")
own, connection, pid = given.fileno(), ours.fileno(), os.getpid()
confinement = Confinement()
confinement.share()
confinement.close_on(os.getppid(), Allowance(256 * 2**20, 20.0), [own, connection, shared.fileno(), theirs.fileno()])

results = {"filter": confinement.locks.call_filter}
commands = [*range(0, 64), *range(1024, 1050)]
results["fcntl"] = sorted(
    command
    for command in commands
    for number in (own, connection, shared.fileno())
    for argument in (victim, -victim, signal.SIGKILL, 0o20000, ctypes.addressof(who), 0)
    if call("fcntl", number, command, argument) != "EPERM"
)
results["fcntl_wide"] = call("fcntl", connection, (1 << 32) | 8, victim)
# The red team's: the socket's next byte would kill the victim.
results["owner"] = [
    call("fcntl", connection, command, value) for command, value in ((8, victim), (10, 9), (4, 0o20000))
]
theirs.send(b"x")
theirs.send(b"x")
results["mmap"] = [
    call("mmap", 0, 4096, protection, flags, number, 0)
    for protection, flags, number in (
        (5, 0x22, -1), (7, 0x22, -1), (4, 0x22, -1), (3, 0x21, -1),
        (3, 0x01, shared.fileno()), (1, 0x01, own), (3, 0x03, own),
    )
]
results["mmap_own"] = call("mmap", 0, 4096, 3, 0x22, -1, 0)
results["mprotect"] = [call("mprotect", address, 4096, protection) for protection in (4, 5, 7)]
results["mprotect_own"] = call("mprotect", address, 4096, 3)
results["madvise"] = sorted(
    advice for advice in (*range(0, 32), 100, 101) if call("madvise", address, 4096, advice) != "EPERM"
)
results["futex"] = [operation for operation in range(0, 20) if call("futex", address, operation, 1, 0, 0, 0) != "EPERM"]
results["sendto"] = call("sendto", connection, address, 1, 0, ctypes.addressof(other_address), 9)
results["affinity"] = call("sched_getaffinity", victim, 128, address)
low = [number for number in range(3, 300) if number not in (own, connection, shared.fileno(), theirs.fileno())]
results["files"] = sorted(
    {
        call(name, number, address, 0, 0, 0, 0)
        for name in ("read", "write", "lseek", "ftruncate", "recvfrom", "sendto", "close")
        for number in low
    }
)
results["source"] = [call("write", own, address, 1), call("ftruncate", own, 0)]
results["resources"] = call("getrusage", victim, address)
results["forbidden"] = {
    "kill": call("kill", victim, 0),
    "tgkill": call("tgkill", victim, victim, 0),
    "stat": call("newfstatat", -100, address, address + 512, 0),
    "fstat": call("fstat", own, address),
    "sendmsg": call("sendmsg", connection, address, 0),
    "recvmsg": call("recvmsg", connection, address, 0),
    "prctl": call("prctl", 1, 0),
    "ioctl": call("ioctl", connection, 0x8901, ctypes.addressof(who)),
    "dup": call("dup", own),
    "memory file": call("memfd_create", address, 0),
    "locked memory": call("mlock", address, 4096),
}
os.write(1, json.dumps(results).encode())
"""


@contextmanager
def victim(user: int) -> Iterator[subprocess.Popen[bytes]]:
    """Another process of a user's."""
    with subprocess.Popen(["sleep", "600"], user=user or None) as process:
        try:
            yield process
        finally:
            process.kill()


def attempted(victim: int, folder: Path, user: int = 0) -> dict[str, Any]:
    """What each attempt of a confined process of `user` came to."""
    given, shared = folder / "given", folder / "shared"
    for file in (given, shared):
        file.write_bytes(bytes(4096))
        file.chmod(0o666)
    values = (str(victim), str(shared), str(given), str(user), json.dumps(sys.path), json.dumps(sorted(JUDGED)))
    done = subprocess.run([sys.executable, "-c", ATTEMPTS, *values], check=False, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    results: dict[str, Any] = json.loads(done.stdout)
    return results


def test_every_allowed_call_is_judged() -> None:
    allowed = [*(call for group in ALLOWED_CALLS for call in group), *CONDITIONAL_CALLS]
    assert sorted(allowed) == sorted(JUDGED)


@pytest.mark.parametrize("user", [0, 65534], ids=["this user", "an ordinary user"])
def test_a_confined_process_does_nothing_to_others(tmp_path: Path, user: int) -> None:
    if user and os.getuid() != 0:
        pytest.skip("only root can become somebody else")
    let_others_in(tmp_path)
    with victim(user) as other:
        results = attempted(other.pid, tmp_path, user)
        assert other.poll() is None, "the other process was killed"
    assert results["filter"]
    assert set(results["fcntl"]) == {1, 3}, "F_GETFD, F_GETFL"
    assert results["fcntl_wide"] == "EPERM"
    assert results["owner"] == ["EPERM"] * 3
    assert results["mmap"] == ["EPERM"] * 7
    assert results["mprotect"] == ["EPERM"] * 3
    assert results["mmap_own"] == results["mprotect_own"] == "done"
    assert results["madvise"] == [4, 8, 14]
    assert results["futex"] == []
    assert results["sendto"] == results["affinity"] == "EPERM"
    assert results["files"] == ["EBADF"]
    assert set(results["source"]) <= {"EBADF", "EINVAL"}
    assert results["resources"] == "EINVAL"
    assert set(results["forbidden"].values()) == {"EPERM"}
    assert (tmp_path / "given").read_bytes() == bytes(4096)
