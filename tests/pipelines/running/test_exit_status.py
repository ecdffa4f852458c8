"""Ends of commands that cannot go on: a status, a sentence, no traceback, no abort."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from hushbeam.pipelines.running.command_errors import exit_status_of, report_error
from hushbeam.pipelines.running.exit_status import EXIT_BROKEN, EXIT_LOCKED, EXIT_USAGE
from hushbeam.schemas.errors import ConfigurationError, RunError
from hushbeam.transforms.archive.run_lock import RunLockedError, RunLockLostError
from hushbeam.transforms.base.unexpected import StageDefectError
from hushbeam.transforms.storage.errors import StorageError

ROOT = Path(__file__).parents[3]
SAID = "four one one one"


def telling(error: Exception) -> tuple[int, str]:
    terminal = io.StringIO()
    status = report_error(error, Console(file=terminal, width=500))
    return status, terminal.getvalue()


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (ConfigurationError("--model: none"), EXIT_USAGE, "error: --model: none\n"),
        (RunLockedError("--output: another"), EXIT_LOCKED, "error: --output: another\n"),
        (RunLockLostError("run 1 lost it"), EXIT_LOCKED, "Stopped: run 1 lost it\n"),
        (
            StorageError("the local disk is full", retryable=True),
            EXIT_BROKEN,
            "The job broke: the local disk is full. What is published is complete; run the same command again to cont",
        ),
        (
            StorageError("the local disk failed"),
            EXIT_BROKEN,
            "The job broke: the local disk failed. What is published is complete\n",
        ),
        (RunError("the model fails"), EXIT_BROKEN, "The job broke: the model fails. What is published is complete"),
        (
            RuntimeError("Traceback\n  File x\nschemas.errors.ConfigurationError: --key: {} [while running 'A/B']"),
            EXIT_USAGE,
            "error: --key: {}\n",
        ),
        (
            RuntimeError(
                "hushbeam.transforms.base.unexpected.StageDefectError: Commit broke with KeyError [while running 'A']"
            ),
            EXIT_BROKEN,
            "The job broke: Commit broke with KeyError. What is published is complete",
        ),
        (RuntimeError("RunLockLostError: run 1 lost it"), EXIT_LOCKED, "Stopped: run 1 lost it\n"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_that_somebody_foresaw_is_told_in_its_words(error: Exception, status: int, sentence: str) -> None:
    found, said = telling(error)
    assert found == status
    assert said.startswith(sentence)


def test_one_that_nobody_foresaw_is_told_by_its_place_and_not_in_its_words() -> None:
    def work() -> int:
        raise ValueError(f"cannot read {SAID} [while running 'Read/Rows']")

    terminal = io.StringIO()
    assert exit_status_of(work, Console(file=terminal, width=500)) == EXIT_BROKEN
    places = r"ValueError at test_exit_status\.py:\d+, called at command_errors\.py:\d+, in the step Read/Rows"
    assert re.match(rf"The job broke: {places}\. What is", terminal.getvalue())
    assert SAID not in terminal.getvalue()


def test_a_defect_survives_the_way_through_a_runner() -> None:
    error = StageDefectError("Commit broke with KeyError")
    assert str(type(error)("Commit broke with KeyError [while running 'A']")).startswith(str(error))


LEAVES_A_MODEL_WORKING = """
import sys, threading, time
import numpy as np
from functools import partial
from hushbeam.pipelines.running.leave import leave
from hushbeam.transforms.transcribe.decoding import WindowDecoder
from hushbeam.transforms.transcribe.engine import SpeechEngine, SpeechJob
from hushbeam.transforms.transcribe.settings import TranscriptionSettings

began, decode = threading.Event(), WindowDecoder.decode
def decoding(*given):
    began.set()
    return decode(*given)
WindowDecoder.decode = decoding
engine = SpeechEngine(TranscriptionSettings(model="tiny.en"))
noise = np.random.default_rng(1).normal(0, 0.1, (1, 16000 * 30)).astype(np.float32)
from hushbeam.schemas.transcript import TimeSpan
for number in range(8):
    engine.submit(SpeechJob(str(number), lambda: [noise], "en", speech=[TimeSpan(0, 0.0, 30.0)]))
began.wait()
print("leaving", flush=True)
leave(1) if sys.argv[1] == "leave" else sys.exit(1)
"""


def test_a_process_that_leaves_while_a_model_computes_ends_with_its_own_status() -> None:
    process = subprocess.run(
        [sys.executable, "-c", LEAVES_A_MODEL_WORKING, "leave"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert process.stdout == "leaving\n"
    assert process.returncode == 1, signal.strsignal(-process.returncode)
    assert "terminate" not in process.stderr
