"""Places where words and sound lie for a while or for good, and what keeps others out of them.

Temporary folders, private roots, the output's lock, and recordings whose limits or whose silence decide what becomes of
them.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE, EXIT_LOCKED, EXIT_USAGE
from hushbeam.pipelines.running.locked import processes_below
from tests.faults.scenarios import (
    Night,
    NotPossibleHereError,
    Scenario,
    assert_left_whole,
    assert_recovers,
    problems,
    published,
    rows,
    run_job,
    start_faulty,
    write_manifest,
)

_ROOT = Path(__file__).parents[2]
_KILLED = -9


def _run(night: Night, output: Path, *faults: str, temporary: Path | str, **options: str) -> tuple[int, str]:
    """The job in a process of its own, with a folder for temporary files that it was asked to use."""
    environment = {"TMPDIR": str(temporary), **options}
    process = start_faulty(night, output, *faults, environment=environment)
    said, _ = process.communicate(timeout=300)
    return process.returncode, said


@contextmanager
def _disk(night: Night, options: str) -> Iterator[Path]:
    """A small disk of its own."""
    with tempfile.TemporaryDirectory(dir=night.folder) as folder:
        mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
        try:
            subprocess.run(mount, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            raise NotPossibleHereError("needs the right to mount a file system") from None
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


def _fill(folder: Path) -> None:
    try:
        with (folder / "filling").open("wb") as filling:
            while True:
                filling.write(bytes(1 << 16))
                filling.flush()
    except OSError:
        return


def unusable_temporary_folder(night: Night) -> str:
    """TMPDIR names what is not there, is no folder, can only be read, or is full."""
    with night.output() as output, _disk(night, "size=1m") as full, _disk(night, "ro,size=1m") as read_only:
        _fill(full)
        (night.folder / "file").touch()
        places: dict[str | Path, str] = {"absent": "not exist", "file": "no", full: "full", read_only: "read"}
        for place, why in places.items():
            status, said = _run(night, output, temporary=night.folder / place)
            assert status == EXIT_USAGE, f"{place}: {status}: {said[-500:]}"
            assert "TMPDIR" in said
            assert why in said, said
            assert "Traceback" not in said
            assert not output.exists() or not any(output.rglob("*")), "nothing was begun"
        return f"exit {EXIT_USAGE} before anything begins, TMPDIR named; {assert_recovers(night, output)}"


def temporary_folder_fills_up(night: Night) -> str:
    """The disk of the temporary files has no room for a redacted recording, once the job has begun."""
    with night.output() as output, _disk(night, "size=160k") as small:
        status, said = _run(night, output, temporary=small)
        assert status == EXIT_INCOMPLETE, f"{status}: {said[-500:]}"
        assert problems(output) == {}
        errors = rows(output, "errors")
        assert errors
        assert all(error["retryable"] for error in errors), errors
        assert len(errors) + len(published(output)) == 3
        assert not list(small.iterdir())
        return f"{len(errors)} of 3 failed, retryable, with a row; {assert_recovers(night, output)}"


def leftovers_removed(night: Night) -> str:
    """A run is killed while its rendered copies lie in a temporary folder that other programs use as well."""
    with night.output() as output, tempfile.TemporaryDirectory(dir=night.folder) as name:
        temporary = Path(name)
        for others in ("hushbeam-unmarked", "somebody-elses"):
            (temporary / others).mkdir()
            (temporary / others / "file").touch()
        status, said = _run(night, output, "kill_after_stage,MuteAudio", temporary=temporary)
        assert status == _KILLED, f"{status}: {said[-500:]}"
        left = [path for path in temporary.glob("hushbeam-*/*/*") if path.is_file()]
        assert left, "the fault left nothing: it tests nothing"
        assert_left_whole(night, output)
        with night.output() as other:
            # One that lives: it is asked to wait while the next run over the killed one's output clears up.
            living = start_faulty(night, other, "wait_after_stage,MuteAudio,25", environment={"TMPDIR": name})
            while not (other / "runs" / "LOCK").exists():
                assert living.poll() is None
            status, said = _run(night, output, temporary=temporary)
            assert status == EXIT_COMPLETED, said[-500:]
            assert not any(path.exists() for path in left)
            living.communicate(timeout=300)
            assert living.returncode == EXIT_COMPLETED
            assert published(other) == published(output) == night.expected
        assert sorted(path.name for path in temporary.iterdir()) == ["hushbeam-unmarked", "somebody-elses"]
        assert problems(output) == {}
        return f"{len(left)} rendered copies removed by the next run, those of a run that lives are not"


def nobody_else_reads_what_is_private(night: Night) -> str:
    """Everything private is written under the usual umask, and opened where others may read."""
    with night.output() as output, tempfile.TemporaryDirectory(dir=night.folder) as folder:
        root = Path(folder)
        key = root / "key"
        key.write_text("c2VhbGVkIHdpdGggYSBrZXkgb2YgdGhpcnR5LXR3byE=\n")
        options = [f"--{kept}_key=file:{key}" for kept in ("store", "unredacted")]
        options += [f"--store={root / 'store'}", f"--unredacted_output={root / 'private'}"]
        before = os.umask(0o022)
        try:
            job = start_faulty(night, output, options=options)
            said, _ = job.communicate(timeout=300)
            assert job.returncode == EXIT_COMPLETED, said[-500:]
            (root / "shared").mkdir()
            refused = [_unseal(root, place) for place in (output, output / "status", root / "shared", root / "private")]
            opened = _unseal(root, root / "here")
        finally:
            os.umask(before)
        assert (refused, opened) == ([EXIT_USAGE] * 4, 0)
        assert not list((root / "shared").iterdir())
        found = [path for name in ("store", "private", "here") for path in ((root / name), *(root / name).rglob("*"))]
        for path in found:
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path.name
        assert problems(output) == {}
        assert published(output) == night.expected
        return f"{len(found)} private files and folders closed to others; 4 places refused for plain text"


def _unseal(root: Path, to: Path) -> int:
    arguments = [f"--unredacted_output={root / 'private'}", f"--unredacted_key=file:{root / 'key'}", f"--to={to}"]
    command = [sys.executable, "-m", "hushbeam", "unseal", *arguments, "--recording_id", "card"]
    return subprocess.run(command, cwd=_ROOT, capture_output=True, check=False).returncode


def told_to_stop(number: signal.Signals, *options: str, has_reader: bool = True) -> Callable[[Night], str]:
    """A run is told to stop by a terminal, which may take no words any more."""

    def check(night: Night) -> str:
        with night.output() as output, tempfile.TemporaryDirectory(dir=night.folder) as name:
            temporary = Path(name)
            waiting = "wait_after_stage,Commit,120"
            job = start_faulty(night, output, waiting, options=options, environment={"TMPDIR": name})
            _wait_for(lambda: len(list(output.glob("status/*.json"))) > 1, job)
            below = processes_below(job.pid)
            if not has_reader and job.stdout is not None:
                job.stdout.close()
            job.send_signal(number)
            said = job.communicate(timeout=300)[0] if has_reader else ""
            status = job.wait(timeout=300)
            assert status == 128 + number, f"{status}: {said[-500:]}"
            assert not has_reader or "Stopped" in said
            _wait_for(lambda: not any(Path(f"/proc/{process}").exists() for process in below), None)
            assert not list(temporary.iterdir())
            assert not list(output.glob("runs/LOCK*"))
            public = assert_left_whole(night, output)
            return f"exit {status}, nothing of it left; {public} of 3 public, whole; {assert_recovers(night, output)}"

    return check


def ignored_hang_up(night: Night) -> str:
    """A run that was started with nohup outlives its terminal."""
    with night.output() as output:
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # children go on to ignore it
        try:
            job = start_faulty(night, output, "wait_after_stage,Commit,5")
        finally:
            signal.signal(signal.SIGHUP, before)
        _wait_for(lambda: len(list(output.glob("status/*.json"))) > 1, job)
        job.send_signal(signal.SIGHUP)
        said, _ = job.communicate(timeout=300)
        assert job.returncode == EXIT_COMPLETED, said[-500:]
        assert problems(output) == {}
        assert published(output) == night.expected
        return "goes on, and completes all"


_TRIES = 5
_COMMITTED_WITHIN_S = 5.0


def stolen_lock(*options: str) -> Callable[[Night], str]:
    """Another run takes the output over after one recording is committed, and this one has not noticed yet."""

    def check(night: Night) -> str:
        for _ in range(_TRIES):
            with night.output() as output:
                if outcome := _steal_lock(night, output, options):
                    return outcome
        raise AssertionError("each try had published all before the lock was exchanged")

    return check


def _steal_lock(night: Night, output: Path, options: tuple[str, ...]) -> str:
    """What came of it; empty where Beam gave no worker process a second recording, so that all were public before."""
    # Commit does one recording at a time: each process stands still before it commits its second.
    job = start_faulty(night, output, "wait_after_stage,MuteAudio,30", options=options)
    lock = output / "runs" / "LOCK"
    _wait_for(lock.exists, job)
    _wait_for(lambda: bool(published_ids(output)) or job.poll() is not None, None)
    other = json.loads(lock.read_text()) | {"run_id": "another", "token": "0" * 32}
    lock.write_text(json.dumps(other))
    time.sleep(_COMMITTED_WITHIN_S)  # what was on its way when the lock was exchanged
    before = published_ids(output)
    said, _ = job.communicate(timeout=300)
    if len(before) == len(night.expected):
        return ""
    assert job.returncode == EXIT_LOCKED, f"{job.returncode}: {said[-800:]}"
    assert published_ids(output) == before, "it went on to publish"
    assert not list(output.glob("runs/*/summary.json")), "it went on to close the run"
    assert json.loads(lock.read_text()) == other, "the other run's lock was removed"
    lock.unlink()
    public = assert_left_whole(night, output)
    return f"exit {EXIT_LOCKED}, {public} of 3 public, none after it; {assert_recovers(night, output)}"


def published_ids(output: Path) -> set[str]:
    """The recordings that have a status object."""
    return {path.stem for path in output.glob("status/*.json")}


def _wait_for(condition: Callable[[], bool], job: subprocess.Popen[str] | None) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        assert job is None or job.poll() is None, "the job ended before"
        time.sleep(0.05)


def limits_hold_everywhere(night: Night) -> str:
    """Lines that ask for no redaction are no way around the limits of recordings."""
    with night.output() as output, tempfile.TemporaryDirectory(dir=night.folder) as folder:
        root = Path(folder)
        (root / "key").write_text("c2VhbGVkIHdpdGggYSBrZXkgb2YgdGhpcnR5LXR3byE=\n")
        lines = [json.loads(line) for line in night.manifest.read_text().splitlines()]
        published_unredacted = [
            line | {"recording_id": f"{line['recording_id']}-said", "redact_pii": False} for line in lines
        ]
        write_manifest(root / "manifest.jsonl", [*lines, *published_unredacted])
        options = [f"--unredacted_output={root / 'private'}", f"--unredacted_key=file:{root / 'key'}"]
        status = run_job(root / "manifest.jsonl", output, *options, "--max_recording_hours=0.001")
        assert status == EXIT_INCOMPLETE
        errors = {row["recording_id"]: row["message"] for row in rows(output, "errors")}
        assert set(errors) == {line["recording_id"] for line in [*lines, *published_unredacted]}
        assert all("too_long" in message for message in errors.values()), errors
        assert not (root / "private").exists()
        assert problems(output) == {}
        return f"{len(errors)} of {len(errors)} refused as too_long, nothing sealed; {assert_recovers(night, output)}"


def has_no_speech(night: Night) -> str:
    """Recordings of a silent line among calls."""
    with night.output() as output, tempfile.TemporaryDirectory(dir=night.folder) as folder:
        root = Path(folder)
        silence = np.zeros((9 * 8000, 2), np.int16)
        soundfile.write(root / "silence.flac", silence, 8000)
        audio = {"redact_pii_audio_options": {"return_redacted_no_speech_audio": True}}
        quiet: list[dict[str, Any]] = [
            {"recording_id": "silence", "audio_url": str(root / "silence.flac")},
            {"recording_id": "silence-audio", "audio_url": str(root / "silence.flac"), **audio},
        ]
        calls = [json.loads(line) for line in night.manifest.read_text().splitlines()]
        write_manifest(root / "manifest.jsonl", [*quiet, *calls])
        assert run_job(root / "manifest.jsonl", output) == EXIT_COMPLETED
        assert problems(output) == {}
        done = published(output)
        assert {name: done.pop(name)[1] for name in ("silence", "silence-audio")} == dict.fromkeys(
            ("silence", "silence-audio"), ""
        )
        assert done == night.expected
        (path,) = output.glob("audio/silence*")
        assert path.name.startswith("silence-audio.")
        np.testing.assert_array_equal(soundfile.read(path, dtype="int16")[0], silence)
        return "completed, without text; its audio, unchanged, where it was asked for"


SCENARIOS = (
    Scenario("temporary folder cannot be used", unusable_temporary_folder),
    Scenario("temporary folder fills up", temporary_folder_fills_up),
    Scenario("temporary files of a killed run", leftovers_removed),
    Scenario("terminal closed (SIGHUP)", told_to_stop(signal.SIGHUP, "--detection_processes=2")),
    Scenario("terminal closed, and cannot be written", told_to_stop(signal.SIGHUP, has_reader=False)),
    Scenario("told to stop (SIGQUIT)", told_to_stop(signal.SIGQUIT)),
    Scenario("terminal closed under nohup", ignored_hang_up),
    Scenario("lock stolen between two commits", stolen_lock()),
    Scenario(
        "lock stolen under worker processes",
        stolen_lock("--direct_num_workers=2", "--direct_running_mode=multi_processing"),
    ),
    Scenario("limits and the unredacted output", limits_hold_everywhere),
    Scenario("recordings in which nobody speaks", has_no_speech),
    Scenario("private files under the usual umask", nobody_else_reads_what_is_private),
)
