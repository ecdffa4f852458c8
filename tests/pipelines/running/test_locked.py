"""The end of a run that a signal stops, in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

_STOPPED = """
import os, signal, sys, threading, time
from rich.console import Console
from hushbeam.pipelines.running.locked import locked

class Stuck:
    def write(self, text):
        threading.Event().wait()

    def flush(self):
        pass

with locked(sys.argv[1], "a-run", Console(file=Stuck()), on_stop=lambda status: print("told", status, flush=True)):
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)
"""


def test_a_terminal_that_takes_nothing_more_delays_no_stop(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _STOPPED, str(tmp_path / "out")]
    stopped = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    status = 128 + signal.SIGTERM
    assert (stopped.returncode, stopped.stdout) == (status, f"told {status}\n"), stopped.stderr
    assert not list((tmp_path / "out" / "runs").glob("LOCK*"))
