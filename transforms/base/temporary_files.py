"""The one way to temporary files: in the folder that was asked for or not at all, and removed also after a kill.

They hold recordings, redacted copies that nobody has verified yet, and rows of tables. Python's own `tempfile` takes
another folder without a word where the one that was asked for cannot be written; here that ends the job. Each folder
that is made here names its owner, so that a later run on the machine can tell which ones nobody needs any more.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.base import process_identity
from hushbeam.transforms.storage.errors import StorageError

PREFIX = "hushbeam-"
OWNER = ".owner"

_VARIABLES = ("TMPDIR", "TEMP", "TMP")
"""In the order in which Python's `tempfile` asks for them."""

_USUAL = ("/tmp", "/var/tmp", "/usr/tmp")  # noqa: S108 - what nobody asked for is where everybody looks
_PROBE_BYTES = 1 << 16
_LARGEST_MARK_BYTES = 1 << 10
_OF_ONE_MACHINE = frozenset({"btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "tmpfs", "xfs", "zfs"})
"""Types of file systems that one kernel at a time writes to."""

_checked: set[str] = set()


class TemporaryFilesError(StorageError):
    """A temporary file cannot be made, where one could be when the job began: the disk filled up, or went away."""


class TemporaryFolder(tempfile.TemporaryDirectory[str]):
    """A folder with mode 0700, as a context manager that gives its path; it is removed with all that it holds.

    Args:
      within: Another such folder, which its owner removes; None: the folder that was asked for.

    Raises:
      ConfigurationError: The folder that was asked for cannot be used.
      TemporaryFilesError: It could be, and cannot any more.
    """

    def __init__(self, within: str | None = None) -> None:
        folder = temporary_root() if within is None else within
        try:
            super().__init__(prefix=PREFIX, dir=folder, ignore_cleanup_errors=True)
            # What lies in a folder that is marked goes away with it.
            if within is None and not Path(folder, OWNER).exists():
                _mark(Path(self.name))
        except OSError as error:
            if hasattr(self, "name"):
                self.cleanup()
            raise _unusable(error) from None


def check_temporary_files() -> None:
    """For a job, or a worker, that begins: tries the folder for temporary files out, and clears it of leftovers.

    Raises:
      ConfigurationError: The folder that TMPDIR, TEMP or TMP asks for is not there or cannot be written, or none was
        asked for and there is none.
    """
    name, folder = _asked_for()
    _try_out(name, folder)
    remove_leftovers(Path(folder))
    _checked.add(folder)


def temporary_root() -> str:
    """The folder that temporary files go to, checked once in a process.

    Raises:
      ConfigurationError: As `check_temporary_files`.
    """
    _, folder = _asked_for()
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
        """This one."""
        identity = process_identity
        return cls(identity.machine(), identity.boot(), identity.process(os.getpid()))

    def is_gone(self, folder: Path) -> bool:
        """Whether it is known to run no more. In doubt it runs.

        Args:
          folder: Where it left its mark. What lies on a disk that one kernel at a time writes to, and was left before
            this kernel started, was left by nobody who still runs.
        """
        if self.machine is not None and self.machine == process_identity.machine():
            return process_identity.is_gone(self.process)
        now = process_identity.boot()
        return None not in (self.boot, now) and self.boot != now and _kind_of_disk(folder) in _OF_ONE_MACHINE


def remove_leftovers(folder: Path) -> int:
    """Removes temporary folders in `folder` that this user's processes left behind when they were killed.

    Whatever has no owner's mark, belongs to another user, is a link, or whose owner may still run stays.

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


def _asked_for() -> tuple[str, str]:
    for variable in _VARIABLES:
        if folder := os.environ.get(variable):
            return variable, str(Path(folder).absolute())
    try:
        folder = tempfile.gettempdir()
    except FileNotFoundError:
        folder = ""
    # Python's last resort is the folder in which a command was started, which may be anybody's.
    if not folder or (folder == str(Path.cwd()) and folder not in _USUAL):
        raise ConfigurationError("TMPDIR: no folder for temporary files can be written; name one that can")
    return "TMPDIR", folder


def _try_out(name: str, folder: str) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(_PROBE_BYTES))
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        raise ConfigurationError(
            f"{name}: temporary files cannot be written to the folder that it names: {_reason(error)}. Make it usable, "
            "name another folder, or unset it for the machine's own"
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
            return "it can only be read"
        case errno.ENOSPC | errno.EDQUOT:
            return "it is full"
        case number:
            return errno.errorcode.get(number or 0, "it failed")


def _unusable(error: OSError) -> TemporaryFilesError:
    return TemporaryFilesError(f"no temporary folder can be made: {_reason(error)}", retryable=True)


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
        return owner.is_gone(folder)
    except (OSError, ValueError, TypeError, IndexError, AttributeError):  # no mark, or none of this version
        return False


def _kind_of_disk(folder: Path) -> str | None:
    """The type of the file system that a folder lies on, as the kernel names it; None where it does not say."""
    device = folder.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        mount, _, rest = line.partition(" - ")
        if mount.split()[2] == wanted:
            return rest.split()[0]
    return None
