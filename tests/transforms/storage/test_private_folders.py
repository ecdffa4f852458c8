"""Private folders are readable by their owner alone, whatever the umask and whatever exists at their path."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import StorageError
from hushbeam.transforms.storage.private_folders import PrivateFolder

pytestmark = pytest.mark.permissions


@pytest.fixture(params=[0o000, 0o022, 0o277], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_folders_and_files_are_closed_to_others(tmp_path: Path, umask: int) -> None:
    with PrivateFolder(str(tmp_path / "a/b"), "--to") as folder:
        folder.write("c.json", b"one")
        folder.write("c.json", b"two")
    assert [mode(tmp_path / name) for name in ("a", "a/b", "a/b/c.json")] == [0o700, 0o700, 0o600]
    assert (tmp_path / "a/b/c.json").read_bytes() == b"two"
    assert [path.name for path in (tmp_path / "a/b").iterdir()] == ["c.json"]


def test_private_writes_are_closed_to_others(tmp_path: Path, umask: int) -> None:
    files.write_private(str(tmp_path / "a/b/c.sealed"), b"one")
    assert [mode(tmp_path / name) for name in ("a", "a/b", "a/b/c.sealed")] == [0o700, 0o700, 0o600]


def test_a_file_that_others_could_read_is_replaced_by_one_that_they_cannot(tmp_path: Path) -> None:
    (tmp_path / "c.sealed").write_bytes(b"old")
    (tmp_path / "c.sealed").chmod(0o644)
    files.write_private(str(tmp_path / "c.sealed"), b"new")
    assert mode(tmp_path / "c.sealed") == 0o600


def test_links_at_a_files_name_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"as it was")
    (tmp_path / "here").mkdir(mode=0o700)
    for name in ("a.json", "b.json"):
        (tmp_path / "here" / name).symlink_to(tmp_path / "victim")
    (tmp_path / "here/c.json").hardlink_to(tmp_path / "victim")
    with PrivateFolder(str(tmp_path / "here"), "--to") as folder:
        folder.write("a.json", b"said")
        folder.write("c.json", b"said")
    files.write_private(str(tmp_path / "here/b.json"), b"said")
    assert (tmp_path / "victim").read_bytes() == b"as it was"
    for name in ("a.json", "b.json", "c.json"):
        assert (tmp_path / "here" / name).read_bytes() == b"said"
        assert not (tmp_path / "here" / name).is_symlink()


def test_a_folder_that_replaces_the_open_one_gets_no_file(tmp_path: Path) -> None:
    with PrivateFolder(str(tmp_path / "here"), "--to") as folder:
        (tmp_path / "here").rename(tmp_path / "away")
        (tmp_path / "public").mkdir()
        (tmp_path / "here").symlink_to(tmp_path / "public")
        folder.write("a.json", b"said")
    assert not list((tmp_path / "public").iterdir())
    assert (tmp_path / "away/a.json").read_bytes() == b"said"


@pytest.mark.parametrize("permissions", [0o755, 0o750, 0o701, 0o722])
def test_a_folder_that_others_may_look_into_is_refused(tmp_path: Path, permissions: int) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here").chmod(permissions)
    with (
        pytest.raises(ConfigurationError, match="--to: other users"),
        PrivateFolder(str(tmp_path / "here"), "--to"),
    ):
        pass
    assert mode(tmp_path / "here") == permissions


def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    (tmp_path / "here").mkdir(mode=0o700)
    os.chown(tmp_path / "here", 65534, 65534)
    with pytest.raises(ConfigurationError, match="another user"), PrivateFolder(str(tmp_path / "here"), "--to"):
        pass


@pytest.mark.parametrize("to", ["gs://calls/here", "s3://calls/here", "memory://calls/here", "ftp://calls/here", ""])
def test_plain_text_stays_on_this_machine(to: str) -> None:
    with pytest.raises(ConfigurationError, match="--to"), PrivateFolder(to, "--to"):
        pass


@pytest.mark.parametrize(
    "to",
    ["out", "out/here", "out/status", "out/audio/a/b", "link/here", "around", "deeper", ".", "private", "private/here"],
)
@pytest.mark.parametrize("tables", ["transcripts", "runs"])
def test_a_place_in_or_around_outputs_is_refused(tmp_path: Path, to: str, tables: str) -> None:
    """Whoever opens a recording does not say where the outputs are: they are known by what they look like."""
    for root in ("out", "around/out", "deeper/a/b/c/out"):
        (tmp_path / root / "status").mkdir(parents=True, mode=0o700)
        (tmp_path / root / tables).mkdir()
    for closed in ("out", "around", "deeper"):
        (tmp_path / closed).chmod(0o700)
    (tmp_path / "link").symlink_to(tmp_path / "out")
    (tmp_path / "private").mkdir(mode=0o700)
    before = sorted(tmp_path.rglob("*"))
    apart = ((str(tmp_path / "private"), "--unredacted_output"),)
    with pytest.raises(ConfigurationError, match="--to"), PrivateFolder(str(tmp_path / to), "--to", apart):
        pass
    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_or_a_loop_of_links_at_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch(mode=0o600)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name in ("file", "loop", "file/here"):
        with pytest.raises(ConfigurationError, match="--to"), PrivateFolder(str(tmp_path / name), "--to"):
            pass


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "here/a.json").mkdir(parents=True)
    (tmp_path / "here").chmod(0o700)
    with PrivateFolder(str(tmp_path / "here"), "--to") as folder, pytest.raises(StorageError):
        folder.write("a.json", b"said")
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["a.json"]
