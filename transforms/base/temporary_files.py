"""Temporary folders, made only where the user asked for them, and removed even after a kill.

They hold recordings, redacted copies that are not verified yet, and rows of tables. Python's `tempfile` silently falls
back to another folder if the requested one cannot be written; here that ends the job. Each folder names its owner, so
that a later run on the machine can remove folders whose owner was killed.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.base import process_identity
from hushbeam.transforms.storage.errors import StorageError

if TYPE_CHECKING:  # it imports Beam, which takes seconds
    from hushbeam.schemas.stages import StagedAudio

PREFIX = "hushbeam-"
OWNER = ".owner"

_VARIABLES = ("TMPDIR", "TEMP", "TMP")
"""Variables that name the folder, in the order in which Python's `tempfile` reads them."""

_USUAL = ("/tmp", "/var/tmp", "/usr/tmp")  # noqa: S108 - Python's own defaults
_PROBE_BYTES = 1 << 16
_LARGEST_MARK_BYTES = 1 << 10
_OF_ONE_MACHINE = frozenset({"btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "tmpfs", "xfs", "zfs"})
"""File systems that only one kernel at a time writes to."""

_checked: set[str] = set()


class TemporaryFilesError(StorageError):
    """A temporary folder cannot be made any more: the disk filled up or was removed during the job."""

    remedy = "Free the disk, or name another folder with `TMPDIR`; run again."


class TemporaryFolder(tempfile.TemporaryDirectory[str]):
    """A folder with mode 0700, as a context manager that gives its path. On exit it is removed with its content.

    Args:
      within: Another such folder to make it in; None for `temporary_root`.

    Raises:
      ConfigurationError: The folder that the user asked for cannot be used.
      TemporaryFilesError: The folder was usable when the job started, and is not any more.
    """

    def __init__(self, within: str | None = None) -> None:
        folder = temporary_root() if within is None else within
        try:
            super().__init__(prefix=PREFIX, dir=folder, ignore_cleanup_errors=True)
            # A folder inside a marked one is removed with it.
            if within is None and not Path(folder, OWNER).exists():
                _mark(Path(self.name))
        except OSError as error:
            if hasattr(self, "name"):
                self.cleanup()
            raise _unusable(error) from None


@contextmanager
def removed_on_error(audio: StagedAudio | None) -> Iterator[None]:
    """Deletes redacted audio on the worker's disk if a stage fails: no later stage would delete it."""
    try:
        yield
    except BaseException:
        if audio is not None:
            Path(audio.path).unlink(missing_ok=True)
        raise


def check_temporary_files() -> None:
    """Tests the folder for temporary files, and clears it of leftovers. For the start of a job or worker.

    Raises:
      ConfigurationError: The folder in TMPDIR, TEMP or TMP does not exist or cannot be written; or none of them is set,
        and there is no default folder.
    """
    name, folder = _requested()
    _test(name, folder)
    remove_leftovers(Path(folder))
    _checked.add(folder)


def temporary_root() -> str:
    """The folder for temporary files, checked once per process.

    Raises:
      ConfigurationError: As `check_temporary_files`.
    """
    _, folder = _requested()
    if folder not in _checked:
        check_temporary_files()
    return folder


@dataclass(frozen=True)
class Owner:
    """The process that made a temporary folder.

    Attributes:
      machine, boot, process: See `hushbeam.transforms.base.process_identity`.
    """

    machine: str | None
    boot: str | None
    process: str

    @classmethod
    def this_process(cls) -> Self:
        """The process that calls this."""
        identity = process_identity
        return cls(identity.machine(), identity.boot(), identity.process(os.getpid()))

    def has_ended(self, folder: Path) -> bool:
        """Whether the process is known to have ended. In doubt it counts as running.

        Args:
          folder: The folder that it marked. On a disk that only one kernel writes to, a mark from before this kernel
            started belongs to a process that has ended.
        """
        if self.machine is not None and self.machine == process_identity.machine():
            return process_identity.has_ended(self.process)
        now = process_identity.boot()
        return None not in (self.boot, now) and self.boot != now and _file_system_type(folder) in _OF_ONE_MACHINE


def remove_leftovers(folder: Path) -> int:
    """Removes temporary folders in `folder` that killed processes of this user left behind.

    A folder stays if it has no owner's mark, belongs to another user, is a link, or its owner may still run.

    Returns:
      How many were removed.
    """
    removed = 0
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(PREFIX) and _is_left_over(Path(entry.path)):
                shutil.rmtree(entry.path, ignore_errors=True)
                removed += not Path(entry.path).exists()
    return removed


def _requested() -> tuple[str, str]:
    for variable in _VARIABLES:
        if folder := os.environ.get(variable):
            return variable, str(Path(folder).absolute())
    try:
        folder = tempfile.gettempdir()
    except FileNotFoundError:
        folder = ""
    # Python falls back to the working directory, which may belong to anybody.
    if not folder or (folder == str(Path.cwd()) and folder not in _USUAL):
        raise ConfigurationError("TMPDIR: no default folder for temporary files is writable; set TMPDIR to one that is")
    return "TMPDIR", folder


def _test(name: str, folder: str) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(_PROBE_BYTES))
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        raise ConfigurationError(
            f"{name}: temporary files cannot be written to the folder that it names: {_reason(error)}. Make it "
            "writable, name another folder, or unset the variable to use the default"
        ) from None


def _reason(error: OSError) -> str:
    match error.errno:
        case errno.ENOENT:
            return "it does not exist"
        case errno.ENOTDIR:
            return "it is not a folder"
        case errno.EACCES | errno.EPERM:
            return "this user may not write to it"
        case errno.EROFS:
            return "it is read-only"
        case errno.ENOSPC | errno.EDQUOT:
            return "it is full"
        case number:
            return errno.errorcode.get(number or 0, "unknown error")


def _unusable(error: OSError) -> TemporaryFilesError:
    return TemporaryFilesError(f"a temporary folder cannot be made: {_reason(error)}", retryable=True)


def _mark(folder: Path) -> None:
    descriptor = os.open(folder / OWNER, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(Owner.this_process()), file)


def _is_left_over(folder: Path) -> bool:
    try:
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
            return False
        descriptor = os.open(folder / OWNER, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            owner = Owner(**json.loads(file.read(_LARGEST_MARK_BYTES)))
        return owner.has_ended(folder)
    except (OSError, ValueError, TypeError, IndexError, AttributeError):  # no mark of this version
        return False


def _file_system_type(folder: Path) -> str | None:
    """The type of a folder's file system, as the kernel names it; None if it is unknown."""
    device = folder.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        mount, _, rest = line.partition(" - ")
        if mount.split()[2] == wanted:
            return rest.split()[0]
    return None
