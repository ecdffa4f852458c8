"""Faults of one recording, review or receiver: each ends that one only."""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from hushbeam.pipelines.running.exit_status import EXIT_BROKEN, EXIT_COMPLETED, EXIT_INCOMPLETE
from hushbeam.transforms.base.unexpected import MOST_IN_A_ROW
from tests.faults.driver import SAID
from tests.faults.scenarios import (
    Night,
    NotPossibleHereError,
    Scenario,
    assert_left_whole,
    assert_recovers,
    problems,
    published,
    rows,
    run_faulty,
    run_job,
    start_faulty,
    write_manifest,
)
from tests.ordinary_user import ROOT, NoOrdinaryUserError, command_of, environment_of

_FAST = ("--model", "tiny.en", "--verify", "off", "--fail_above", "0")
_RENAME_EXCHANGE = 2
_AT_FDCWD = -100


def lines_of(night: Night) -> list[dict[str, Any]]:
    """The good recordings of a night, as lines of a manifest."""
    return [json.loads(line) for line in night.manifest.read_text().splitlines()]


def assert_only_good_ones(night: Night, output: Path, bad: str) -> Mapping[str, Any]:
    """All good recordings are public, and one bad one has its row, which is given."""
    assert problems(output) == {}
    assert published(output) == night.expected
    (row,) = rows(output, "errors")
    assert row["recording_id"] == bad, row
    return row


@contextmanager
def night_with(night: Night, bad: Path) -> Iterator[tuple[Path, Path]]:
    """A manifest of the good recordings with a bad one in the middle of them, and an output root."""
    with tempfile.TemporaryDirectory(dir=night.folder) as folder, night.output() as output:
        manifest = Path(folder) / "manifest.jsonl"
        first, *others = lines_of(night)
        write_manifest(manifest, [first, {"recording_id": "bad", "audio_url": str(bad)}, *others])
        yield manifest, output


def eight_channels(night: Night) -> str:
    """A conference recording of eight channels is redacted as any other: all its channels are muted and written."""
    with tempfile.TemporaryDirectory(dir=night.folder) as folder, night.output() as output:
        samples, rate_hz = soundfile.read(night.calls / "phone.wav", dtype="int16", always_2d=True)
        mixed = (samples.astype(np.int32).sum(axis=1, keepdims=True) // samples.shape[1]).astype(np.int16)
        path = Path(folder) / "eight.wav"
        soundfile.write(path, np.tile(mixed, (1, 8)), rate_hz, subtype="PCM_16")
        manifest = Path(folder) / "manifest.jsonl"
        write_manifest(manifest, [*lines_of(night), {"recording_id": "eight", "audio_url": str(path)}])
        assert run_job(manifest, output) == EXIT_COMPLETED
        assert problems(output) == {}
        found = {row["channel"] for row in rows(output, "findings") if row["recording_id"] == "eight"}
        assert found == set(range(8)), found
        (redacted,) = (output / "audio").glob("eight.*")
        after, _ = soundfile.read(redacted, dtype="int16")
        assert after.shape == (len(samples), 8)
        muted = ((after == 0) & (np.abs(mixed) > 100)).sum(axis=0)
        assert (muted > rate_hz // 10).all(), muted
        return "eight channels published, all of them muted"


def unreadable(night: Night) -> str:
    """A recording that this user may not read, as an ordinary user."""
    with tempfile.TemporaryDirectory(dir=night.folder) as folder:
        secret = Path(folder) / "secret.flac"
        shutil.copy(night.calls / "card.flac", secret)
        secret.chmod(0)
        manifest, output = Path(folder) / "manifest.jsonl", Path(folder) / "home" / "out"
        first, *others = lines_of(night)
        write_manifest(manifest, [first, {"recording_id": "bad", "audio_url": str(secret)}, *others])
        status, said = run_as_ordinary_user(
            night, ["--manifest", str(manifest), "--output", str(output)], output.parent
        )
        assert status == EXIT_INCOMPLETE, f"{status}: {said[-500:]}"
        row = assert_only_good_ones(night, output, "bad")
        assert row["error_class"] == "AccessDeniedError", row
        return f"{row['error_class']} in {row['stage']}, 3 public"


def run_as_ordinary_user(night: Night, options: Sequence[str], home: Path) -> tuple[int, str]:
    """Runs the job as somebody without rights, who may read the night's folder and write `home`."""
    ours = [folder for folder in night.folder.parents if folder.is_relative_to(tempfile.gettempdir())][:-1]
    for folder in (*ours, night.folder, night.calls, home.parent):
        folder.chmod(0o755)
    home.mkdir(exist_ok=True)
    try:
        command = command_of([sys.executable, "-m", "hushbeam", "redact", *_FAST, *options], home)
    except NoOrdinaryUserError as error:
        raise NotPossibleHereError(str(error)) from None
    done = subprocess.run(
        command, cwd=ROOT, env=environment_of(home), capture_output=True, text=True, check=False, timeout=300
    )
    assert "Traceback" not in done.stderr, done.stderr[-2000:]
    return done.returncode, done.stderr


def becomes_a_pipe(night: Night) -> str:
    """A recording is exchanged with a named pipe, to and fro, while it is looked at, opened and read."""
    with tempfile.TemporaryDirectory(dir=night.folder) as folder:
        sound, pipe = Path(folder) / "bad.flac", Path(folder) / "pipe"
        shutil.copy(night.calls / "card.flac", sound)
        os.mkfifo(pipe)
        over = threading.Event()
        exchanging = threading.Thread(target=_exchange, args=(sound, pipe, over))
        exchanging.start()
        outcomes = set()
        try:
            for _ in range(3):
                with night_with(night, sound) as (manifest, output):
                    status = run_job(manifest, output)
                    assert set(night.expected) <= set(published(output))
                    outcomes |= {row["error_class"] for row in rows(output, "errors")} or {"completed"}
                    assert status == (EXIT_INCOMPLETE if rows(output, "errors") else EXIT_COMPLETED)
        finally:
            over.set()
            exchanging.join()
        return f"three nights end: {', '.join(sorted(outcomes))}"


def _exchange(one: Path, other: Path, over: threading.Event) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    while not over.is_set():
        libc.renameat2(_AT_FDCWD, bytes(one), _AT_FDCWD, bytes(other), _RENAME_EXCHANGE)
        time.sleep(0.001)


def foreign_review(night: Night) -> str:
    """Somebody put reviews into the output that mark what the recordings do not have."""
    with night.output() as output:
        assert run_job(night.manifest, output) == EXIT_COMPLETED
        for name, review in _impossible_reviews(output).items():
            (output / "reviews").mkdir(exist_ok=True)
            (output / "reviews" / "card@anna.json").write_text(json.dumps(review))
            assert run_job(night.manifest, output) == EXIT_INCOMPLETE, name
            (row,) = [row for row in rows(output, "errors") if row["status"] == "quarantined"]
            assert (row["recording_id"], row["stage"]) == ("card", _STAGE_OF[name]), (name, row)
            assert published(output) == night.expected, name
            (output / "reviews" / "card@anna.json").unlink()
            for path in (output / "errors").glob("*/*"):
                path.unlink()
        return f"{len(_STAGE_OF)} of them: the recording is quarantined, what was public stays, the others are skipped"


_STAGE_OF = {
    "channel": "SkipFinished",
    "backwards": "SkipFinished",
    "policy": "SkipFinished",
    "another": "SkipFinished",
    "forged": "CorrectFindings",
}


def _impossible_reviews(output: Path) -> dict[str, dict[str, Any]]:
    status = json.loads((output / "status" / "card.json").read_text())
    span: dict[str, Any] = {"channel": 0, "start_s": 1.0, "end_s": 2.0, "policy": "person_name"}
    reviewed: dict[str, Any] = {
        "recording_id": "card",
        "output_identity": status["output_identity"],
        "samples": status["certificate"]["samples"]["sha256"],
        "configuration_id": status["certificate"]["configuration_id"],
        "channels": 2,
        "mixed": False,
        "duration_s": 10.5,
        "words": 3,
        "found": [],
    }

    def review(mark: dict[str, Any], about: dict[str, Any] | None = None) -> dict[str, Any]:
        return {
            "decision": "corrected",
            "missed": [span | mark],
            "reviewer": "anna",
            "reviewed": reviewed | (about or {}),
            "reviewed_at": "2026-01-01T00:00:00Z",
        }

    return {
        "channel": review({"channel": 99}),
        "backwards": review({"start_s": 2.0, "end_s": 1.0}),
        "policy": review({"policy": "shoe_size"}),
        "another": review({}, {"recording_id": "phone"}),
        "forged": review({"channel": 99}, {"channels": 100}),
    }


def broken_in(stage: str) -> Callable[[Night], str]:
    """A scenario in which a library raises what nobody foresaw, for one recording."""

    def check(night: Night) -> str:
        with night.output() as output:
            status, said = run_faulty(night, output, f"break_in_stage,{stage}")
            assert status == EXIT_INCOMPLETE, f"{status}: {said[-500:]}"
            assert problems(output) == {}
            (row,) = rows(output, "errors")
            assert (row["stage"], row["error_class"], row["retryable"]) == (stage, "unexpected", False), row
            assert row["message"].startswith("ValueError"), row
            assert set(published(output)) == set(night.expected) - {row["recording_id"]}
            assert_unsaid(output, said)
            assert run_job(night.manifest, output) == EXIT_COMPLETED
            assert problems(output) == {}
            assert published(output) == night.expected
            return "a row with class and place, 2 public; the next run completes all"

    return check


def assert_unsaid(output: Path, said: str) -> None:
    """What was said is nowhere: not on the terminal, and in no file of the output."""
    assert SAID not in said
    for path in output.rglob("*"):
        if path.is_file():
            assert SAID.encode() not in path.read_bytes(), path.name


def all_broken(night: Night) -> str:
    """The same unexpected error of every recording: not theirs, but the job's."""
    with tempfile.TemporaryDirectory(dir=night.folder) as folder, night.output() as output:
        manifest = Path(folder) / "manifest.jsonl"
        card = str(night.calls / "transfer.flac")
        lines = [{"recording_id": f"one-{number}", "audio_url": card} for number in range(MOST_IN_A_ROW + 2)]
        write_manifest(manifest, lines)
        many = replace(night, other_manifest=manifest)
        status, said = run_faulty(many, output, "break_in_stage,DetectPII,every")
        assert status == EXIT_BROKEN, f"{status}: {said[-500:]}"
        assert f"DetectPII ended more than {MOST_IN_A_ROW} recordings in a row with ValueError" in " ".join(
            said.split()
        )
        assert "Traceback" not in said, said[-2000:]
        assert published(output) == {}
        assert_unsaid(output, said)
        return f"exit {status} after {MOST_IN_A_ROW}, nothing public"


def no_memory(night: Night) -> str:
    """The job gets less memory than its models need. Native code may crash; nothing half done is public."""
    told = []
    for size_bytes in (900_000_000, 1_200_000_000, 1_500_000_000):
        with night.output() as output:
            status, said = run_faulty(night, output, f"limit_memory,{size_bytes}")
            # A native library that is refused memory ends the process itself; nothing else may.
            ended_by = re.findall(r"terminate called.*", said)
            assert all(re.search(r"alloc'", what, re.IGNORECASE) for what in ended_by), said[-500:]
            public = assert_left_whole(night, output)
            assert public == len(night.expected) or status != EXIT_COMPLETED, status
            told.append(str(status))
            assert_recovers(night, output)
    return f"exit {', '.join(told)}; what is public is whole, and the next run completes all"


def core_dump(night: Night) -> str:
    """The worker aborts with words and samples in memory, where core dumps are allowed."""
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if pattern.startswith(("|", "/")):
        raise NotPossibleHereError("core dumps do not go to the process's folder")
    with night.output() as output, tempfile.TemporaryDirectory(dir=night.folder) as folder:
        job = start_faulty(night, output, "abort_after_stage,DetectPII", cwd=Path(folder), cores=True)
        said, _ = job.communicate(timeout=300)
        assert job.returncode == -signal.SIGABRT, f"{job.returncode}: {said[-500:]}"
        assert list(Path(folder).iterdir()) == []
        return "no core dump"


STAGES = ("SkipFinished", "Transcribe", "DetectPII", "CorrectFindings", "RedactText", "MuteAudio", "VerifyAudio")

SCENARIOS: tuple[Scenario, ...] = (
    Scenario("a recording of eight channels", eight_channels),
    Scenario("a recording that this user may not read", unreadable),
    Scenario("a recording that becomes a pipe", becomes_a_pipe),
    Scenario("reviews that mark what is not there", foreign_review),
    *(Scenario(f"an unexpected error in {stage}", broken_in(stage)) for stage in STAGES),
    Scenario("the same unexpected error of every recording", all_broken),
    Scenario("no memory", no_memory),
    Scenario("a worker that aborts, where core dumps are allowed", core_dump),
)
