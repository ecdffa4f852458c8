"""Temporary folders are made only where requested, and removed after their owner has ended."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.base.temporary_files import (
    OWNER,
    Owner,
    TemporaryFilesError,
    TemporaryFolder,
    check_temporary_files,
    remove_leftovers,
    temporary_root,
)

pytestmark = pytest.mark.permissions

ROOT = Path(__file__).parents[3]

HOLDS_A_FOLDER = """
import sys
from pathlib import Path
from hushbeam.transforms.base.temporary_files import TemporaryFolder
folder = TemporaryFolder()
Path(folder.name, "call.wav").write_bytes(b"rendered, not verified")
print(folder.name, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def nothing_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.delenv(variable, raising=False)


def holder(folder: Path) -> tuple[subprocess.Popen[str], Path]:
    """Another process, which holds a temporary folder until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS_A_FOLDER],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def end(process: subprocess.Popen[str], number: signal.Signals = signal.SIGKILL) -> None:
    process.send_signal(number)
    process.communicate()


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk without room."""
    folder = tmp_path / "full"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], check=False)
    if mounted.returncode:
        pytest.skip("needs the right to mount a file system")
    try:
        with (folder / "filling").open("wb") as filling, pytest.raises(OSError, match="space"):
            filling.write(bytes(1 << 20))
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_folder_is_made_in_the_requested_place_and_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with TemporaryFolder() as folder:
        assert Path(folder).parent == tmp_path
        assert stat.S_IMODE(Path(folder).stat().st_mode) == 0o700
        assert stat.S_IMODE(Path(folder, OWNER).stat().st_mode) == 0o600
        with TemporaryFolder(within=folder) as inner:
            assert Path(inner).parent == Path(folder)
            assert not list(Path(inner).iterdir())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("variable", ["TMPDIR", "TEMP", "TMP"])
def test_all_variables_count_in_pythons_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    later = {"TMPDIR": ("TEMP", "TMP"), "TEMP": ("TMP",), "TMP": ()}[variable]
    for name in later:
        monkeypatch.setenv(name, str(tmp_path / "never asked"))
    monkeypatch.setenv(variable, str(tmp_path))
    check_temporary_files()
    assert temporary_root() == str(tmp_path)
    monkeypatch.setenv(variable, str(tmp_path / "absent"))
    for check in (check_temporary_files, temporary_root, TemporaryFolder):
        with pytest.raises(ConfigurationError, match=f"^{variable}: .*does not exist"):
            check()


@pytest.mark.parametrize("place", ["absent", "absent/deeper", "file", "link to nothing", "loop", "/proc", "/sys"])
def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link to nothing").symlink_to(tmp_path / "nothing")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    monkeypatch.setenv("TMPDIR", str(tmp_path / place))
    with pytest.raises(ConfigurationError, match=r"^TMPDIR: "):
        check_temporary_files()


def test_a_full_disk_is_refused(full: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(full))
    with pytest.raises(ConfigurationError, match=r"TMPDIR: .*it is full"):
        check_temporary_files()
    (full / "filling").unlink()
    check_temporary_files()


def test_a_folder_that_this_user_may_not_write_to_is_refused(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    tmp_path.chmod(0o755)
    imports = "import os; from hushbeam.transforms.base.temporary_files import check_temporary_files"
    becomes = "os.setgroups([]); os.setgid(65534); os.setuid(65534)"
    ended = subprocess.run(
        [sys.executable, "-c", f"{imports}; {becomes}; check_temporary_files()"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "TMPDIR: temporary files cannot be written to the folder that it names: this user may not" in ended.stderr


def test_the_working_directory_is_not_a_fallback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(ConfigurationError, match="TMPDIR"):
        check_temporary_files()


def test_a_disk_that_goes_away_or_fills_up_ends_a_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: Path
) -> None:
    (tmp_path / "asked").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "asked"))
    check_temporary_files()
    (tmp_path / "asked").rmdir()
    with pytest.raises(TemporaryFilesError) as gone:
        TemporaryFolder()
    assert gone.value.retryable
    (tmp_path / "asked").symlink_to(full)
    with pytest.raises(TemporaryFilesError, match="full") as filled:
        TemporaryFolder()
    assert filled.value.retryable
    assert [path.name for path in full.iterdir()] == ["filling"], "what could not be marked is not left"


def test_folders_of_killed_processes_are_removed_and_those_in_use_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    dead, left = holder(tmp_path)
    living, used = holder(tmp_path)
    with TemporaryFolder() as own:
        assert (left / "call.wav").is_file()
        end(dead)
        check_temporary_files()
        assert not left.exists()
        assert (used / "call.wav").is_file()
        assert Path(own).is_dir()
        end(living)
        assert remove_leftovers(tmp_path) == 1
    assert not list(tmp_path.iterdir())


def abandoned() -> Owner:
    """A process of this machine that ran once."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    owner = replace(Owner.this_process(), process=f"{ended.pid} 1")
    ended.wait()
    return owner


def leave(folder: Path, mark: object) -> Path:
    folder.mkdir(mode=0o700)
    (folder / "call.wav").touch()
    (folder / OWNER).write_text(mark if isinstance(mark, str) else json.dumps(mark))
    return folder


def test_only_known_leftovers_are_removed(tmp_path: Path) -> None:
    owner = abandoned()
    gone = asdict(owner)
    assert remove_leftovers(leave(tmp_path / "hushbeam-0", gone).parent) == 1
    leave(tmp_path / "elsewhere", gone)
    leave(tmp_path / "another-name", gone)
    (tmp_path / "hushbeam-link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "hushbeam-file").touch()
    (tmp_path / "hushbeam-unmarked").mkdir()
    for number, mark in enumerate(("", "[]", "{}", "7", '{"process": "x"}', " " * 2000 + json.dumps(gone), "\0")):
        leave(tmp_path / f"hushbeam-odd{number}", mark)
    leave(tmp_path / "hushbeam-odd", gone | {"process": ""})
    leave(tmp_path / "hushbeam-unknown", gone | {"machine": None, "boot": None})
    leave(tmp_path / "hushbeam-other-machine", gone | {"machine": "0" * 16})
    leave(tmp_path / "hushbeam-mine", asdict(Owner.this_process()))
    marked_by_link = leave(tmp_path / "hushbeam-marked-by-link", gone)
    (marked_by_link / OWNER).rename(tmp_path / "mark")
    (marked_by_link / OWNER).symlink_to(tmp_path / "mark")
    (leave(tmp_path / "hushbeam-pipe", "") / OWNER).unlink()
    os.mkfifo(tmp_path / "hushbeam-pipe" / OWNER)
    before = sorted(tmp_path.rglob("*"))
    assert remove_leftovers(tmp_path) == 0
    assert sorted(tmp_path.rglob("*")) == before
    if os.geteuid() == 0:
        os.chown(leave(tmp_path / "hushbeam-of-another-user", gone), 65534, 65534)
        assert remove_leftovers(tmp_path) == 0


def test_a_reused_process_id_is_not_the_owner(tmp_path: Path) -> None:
    mark = asdict(replace(Owner.this_process(), process=f"{os.getpid()} 1"))
    leave(tmp_path / "hushbeam-0", mark)
    assert remove_leftovers(tmp_path) == 1


def test_leftovers_from_before_a_reboot_are_removed(tmp_path: Path) -> None:
    mark = asdict(replace(Owner.this_process(), machine="0" * 16, boot="0" * 16))
    leave(tmp_path / "hushbeam-0", mark)
    assert remove_leftovers(tmp_path) == 1


def test_links_in_leftovers_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim/kept").touch()
    left = leave(tmp_path / "hushbeam-0", asdict(abandoned()))
    (left / "link").symlink_to(tmp_path / "victim")
    assert remove_leftovers(tmp_path) == 1
    assert (tmp_path / "victim/kept").is_file()
