"""A decoder that hangs, dies or takes all memory costs its own recording, with a reason; the night goes on."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from apache_beam.options.pipeline_options import PipelineOptions

from hushbeam.pipelines.options.commands.redact import RedactOptions
from hushbeam.pipelines.options.parsing import parse
from hushbeam.pipelines.running.exit_status import EXIT_INCOMPLETE
from hushbeam.transforms.media.isolation.children import locks
from tests.pipelines.conftest import Redact, Run, cut
from tests.transforms.media.hostile import with_large_attachments
from tests.transforms.media.isolation.processes import decoders, has_open

CARD = {"recording_id": "card", "audio_url": "card.flac"}
PHONE = {"recording_id": "phone", "audio_url": "phone.wav"}
LONG = {"recording_id": "long", "audio_url": "long.flac"}
_SECONDS = 400


@pytest.fixture
def long_call(calls: Path) -> Path:
    """A call with minutes of silence: its decoder waits for the worker's search for speech."""
    samples, rate = cut("card-payment.mp3", 3.0, 13.5)
    path = calls / "long.flac"
    soundfile.write(path, np.concatenate([samples, np.zeros((_SECONDS * rate, samples.shape[1]), np.int16)]), rate)
    return path


@contextmanager
def signalling(what: signal.Signals, source: Path) -> Iterator[list[int]]:
    """Sends a signal to the first decoder that has a recording open; yields whom."""
    hit: list[int] = []
    over = threading.Event()

    def watch() -> None:
        while not hit and not over.is_set():
            for child in [child for child in decoders() if has_open(child, source)][:1]:
                os.kill(child, what)
                hit.append(child)
            time.sleep(0.005)

    locks()  # the fork server is there before it is watched
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield hit
    finally:
        over.set()
        watcher.join()


def assert_only_short_calls_are_out(run: Run, reason: str, *, retryable: bool) -> None:
    assert run.status == EXIT_INCOMPLETE, run.terminal
    (error,) = run.rows("errors")
    assert (error["error_class"], error["status"], error["retryable"]) == ("MediaError", "failed", retryable)
    assert error["message"].startswith(f"{reason}: ")
    completed = {"card", "phone", "long"} - {error["recording_id"]}
    assert run.statuses() == set(run.audio()) == completed
    assert {row["recording_id"] for row in run.rows("transcripts")} == completed
    assert not list(run.output.glob("runs/*/rows/*"))


@pytest.mark.parametrize(
    ("what", "reason", "retryable"),
    [(signal.SIGSEGV, "decoder_crashed", False), (signal.SIGKILL, "decoder_crashed", True)],
)
def test_a_decoder_that_dies(
    redact: Redact, long_call: Path, what: signal.Signals, reason: str, retryable: bool
) -> None:
    with signalling(what, long_call) as hit:
        run = redact(LONG, CARD, PHONE)
    assert len(hit) == 1
    assert_only_short_calls_are_out(run, reason, retryable=retryable)


def test_a_decoder_that_hangs(redact: Redact, long_call: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def impatient(*given: Any) -> tuple[RedactOptions, PipelineOptions]:
        options, beam_options = parse(*given)
        return options.model_copy(update={"decoding": replace(options.decoding, decode_s=6.0)}), beam_options

    monkeypatch.setattr("hushbeam.pipelines.redact.parse", impatient)
    with signalling(signal.SIGSTOP, long_call) as hit:
        run = redact(LONG, CARD, PHONE)
    (stopped,) = hit
    assert_only_short_calls_are_out(run, "decoder_time", retryable=False)
    assert stopped not in decoders()


def test_a_recording_that_takes_all_memory(redact: Redact, calls: Path) -> None:
    with_large_attachments(calls).rename(calls / "greedy.mka")
    greedy = LONG | {"audio_url": "greedy.mka"}
    run = redact(greedy, CARD, PHONE, options=("--decoder_memory_mb", "100"))
    assert_only_short_calls_are_out(run, "decoder_memory", retryable=False)


def test_a_recording_beyond_a_limit_of_the_job(redact: Redact, long_call: Path) -> None:
    run = redact(LONG, CARD, PHONE, options=("--max_recording_hours", "0.01"))
    assert_only_short_calls_are_out(run, "too_long", retryable=False)


def test_a_file_beyond_the_largest_is_not_even_fetched(redact: Redact, long_call: Path) -> None:
    largest_gb = (long_call.stat().st_size - 1) / 2**30
    run = redact(LONG, CARD, PHONE, options=("--max_recording_gb", str(largest_gb)))
    assert_only_short_calls_are_out(run, "too_large", retryable=False)
