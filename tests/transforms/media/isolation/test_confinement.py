"""Confinement: a confined process can do only what a decoder needs (processes)."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hushbeam.transforms.media.isolation.children import locks

pytestmark = pytest.mark.permissions

ATTEMPTS = """
import json, os, resource, signal, socket, subprocess, sys, threading
from hushbeam.transforms.media.isolation.confinement import Allowance, Confinement

def attempt(action):
    try:
        action()
    except BaseException as error:
        return type(error).__name__
    return "done"

def thread():
    threading.Thread(target=print).start()

given = open(sys.argv[1], "rb")
others = open(sys.argv[2], "rb")
standing = socket.socket()
confinement = Confinement()
confinement.share()
confinement.close_on(os.getppid(), Allowance(64 * 2**20, 5.0), [given.fileno()])
results = {
    "read what was given": attempt(given.read),
    "read what was open": attempt(others.read),
    "use a socket that was open": attempt(lambda: standing.bind(("127.0.0.1", 0))),
    "open a file": attempt(lambda: open(sys.argv[2], "rb")),
    "write a file": attempt(lambda: open(sys.argv[2], "wb")),
    "list a folder": attempt(lambda: os.listdir("/")),
    "remove a file": attempt(lambda: os.unlink(sys.argv[2])),
    "make a socket": attempt(socket.socket),
    "make a local socket": attempt(lambda: socket.socket(socket.AF_UNIX)),
    "fork": attempt(os.fork),
    "run a program": attempt(lambda: os.execv("/bin/true", ["true"])),
    "start a thread": attempt(thread),
    "kill its parent": attempt(lambda: os.kill(os.getppid(), 0)),
    "raise a limit": attempt(lambda: resource.setrlimit(resource.RLIMIT_CORE, (1, 1))),
    "change user": attempt(lambda: os.setuid(1)),
    "take little memory": attempt(lambda: bytearray(16 * 2**20)),
    "take much memory": attempt(lambda: bytearray(256 * 2**20)),
}
os.write(1, json.dumps(results).encode())
"""

POSSIBLE = {"read what was given", "take little memory"}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("confined")
    given, other = folder / "given", folder / "other"
    for file in (given, other):
        file.write_bytes(b"content")
    said = subprocess.run(
        [sys.executable, "-c", ATTEMPTS, str(given), str(other)], check=True, capture_output=True, timeout=60
    )
    assert other.read_bytes() == b"content"
    return json.loads(said.stdout)


def test_it_reads_its_own_file_and_no_file_that_was_open_before(results: dict[str, Any]) -> None:
    assert {name for name, result in results.items() if result == "done"} >= POSSIBLE
    assert results["read what was open"] in {"OSError", "PermissionError"}
    assert results["use a socket that was open"] in {"OSError", "PermissionError"}
    assert results["take much memory"] == "MemoryError"


@pytest.mark.skipif(not locks().call_filter, reason="libseccomp is not installed")
def test_it_can_do_nothing_else(results: dict[str, Any]) -> None:
    assert {name for name, result in results.items() if result == "done"} == POSSIBLE
    assert results["make a socket"] == results["open a file"] == results["fork"] == "PermissionError"


def test_it_ends_when_its_processor_time_is_used_up_and_dumps_nothing(tmp_path: Path) -> None:
    script = (
        "import os\n"
        "from hushbeam.transforms.media.isolation.confinement import Allowance, Confinement\n"
        "confinement = Confinement()\n"
        "confinement.share()\n"
        f"os.chdir({str(tmp_path)!r})\n"
        "confinement.close_on(os.getppid(), Allowance(2**26, 1.0), [])\n"
        "while True: pass\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, timeout=60)
    assert -ended.returncode == signal.SIGXCPU
    assert not list(tmp_path.iterdir())
