"""Places where words and sound lie for a while or for good, and what keeps others out of them.

Temporary folders, private roots, the output's lock, and recordings whose limits or whose silence decide what becomes of
them.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines import redact
from pipelines.exit_status import EXIT_USAGE
from tests.faults.scenarios import (
    Night,
    NotPossibleHereError,
    Scenario,
    assert_left_whole,
    assert_recovers,
    problems,
    published,
    rows,
    start_faulty,
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
        assert status == redact.EXIT_INCOMPLETE, f"{status}: {said[-500:]}"
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
            assert status == redact.EXIT_COMPLETED, said[-500:]
            assert not any(path.exists() for path in left)
            living.communicate(timeout=300)
            assert living.returncode == redact.EXIT_COMPLETED
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
            assert job.returncode == redact.EXIT_COMPLETED, said[-500:]
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
    command = [sys.executable, "-m", "pipelines.unseal", *arguments, "--recording_id", "card"]
    return subprocess.run(command, cwd=_ROOT, capture_output=True, check=False).returncode


SCENARIOS = (
    Scenario("temporary folder cannot be used", unusable_temporary_folder),
    Scenario("temporary folder fills up", temporary_folder_fills_up),
    Scenario("temporary files of a killed run", leftovers_removed),
    Scenario("private files under the usual umask", nobody_else_reads_what_is_private),
)
