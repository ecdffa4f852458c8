"""Processes that work on recordings write no core dump, and refuse debuggers of the same user."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ABORT = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
if sys.argv[1] == "kept":
    from hushbeam.transforms.base.private_memory import keep_memory_private
    keep_memory_private()
os.abort()
"""


@pytest.fixture
def cores() -> Path:
    """Where this machine leaves core dumps of processes that run in a folder."""
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if pattern.startswith(("|", "/")) or resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
        pytest.skip("core dumps do not go to the process's folder here")
    return Path(pattern)


def aborted(how: str, folder: Path) -> list[Path]:
    process = subprocess.run(
        [sys.executable, "-c", ABORT, how], cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False
    )
    assert process.returncode == -signal.SIGABRT
    return list(folder.iterdir())


def test_a_process_that_aborts_leaves_no_core_dump(tmp_path: Path, cores: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "not").mkdir()
    assert aborted("not", tmp_path / "not"), "without it there is one: the test can fail"
    assert aborted("kept", tmp_path / "kept") == []


def test_child_processes_write_no_core_dump_and_debuggers_are_refused(tmp_path: Path) -> None:
    code = """
import ctypes, resource, subprocess, sys
from hushbeam.transforms.base.private_memory import keep_memory_private
keep_memory_private()
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE)[0])
print(subprocess.run([sys.executable, "-c", "import resource; print(resource.getrlimit(resource.RLIMIT_CORE)[0])"],
      capture_output=True, text=True).stdout.strip())
"""
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.splitlines() == ["0 0", "0"]
