"""Local folders that hold plain text of what was said: their owner alone may look into them."""

from __future__ import annotations

import os
import stat
import uuid
from pathlib import Path
from types import TracebackType
from typing import Self

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.storage import urls
from hushbeam.transforms.storage.errors import StorageError
from hushbeam.transforms.storage.file_systems import (
    PRIVATE_FILE,
    TEMPORARY_PREFIX,
    make_private_folders,
    storage_errors,
    write_all,
)
from hushbeam.transforms.storage.private_roots import followed, holds_outputs, lies_in_outputs

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class PrivateFolder:
    """A local folder for plain text, as a context manager: made with mode 0700 if need be, files with 0600.

    What is checked is what is written to: the folder is opened once, and files are made in the open folder, so that a
    link that takes its place, or that waits under a file's name, leads nowhere.

    Args:
      url: A local path.
      option: Names the folder in errors.
      apart: What must not hold it, nor lie within it, as (root, what it is called).

    Raises (on entry):
      ConfigurationError: It is no folder of this machine, others may look into it, or it lies in or around an output
        root or one of `apart`, links followed.
    """

    def __init__(self, url: str, option: str, apart: tuple[tuple[str, str], ...] = ()) -> None:
        self._url = url
        self._option = option
        self._apart = apart

    def __enter__(self) -> Self:
        path = self._checked_path()
        try:
            with storage_errors(str(path), "write"):
                make_private_folders(path)
                self._folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except StorageError as error:
            raise ConfigurationError(f"{self._option}: no folder can be made there: {error}") from None
        try:
            self._check_owner(os.fstat(self._folder))
        except ConfigurationError:
            os.close(self._folder)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._folder)

    def write(self, name: str, data: bytes) -> None:
        """Writes or replaces a file as a whole.

        Raises:
          StorageError: The disk does not take it, or a folder has its name.
        """
        temporary = f"{TEMPORARY_PREFIX}{uuid.uuid4().hex}.tmp"
        with storage_errors(self._url, "write"):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            descriptor = os.open(temporary, flags, PRIVATE_FILE, dir_fd=self._folder)
            try:
                try:
                    os.fchmod(descriptor, PRIVATE_FILE)
                    write_all(descriptor, data)
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
                os.replace(temporary, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
            except BaseException:
                os.unlink(temporary, dir_fd=self._folder)
                raise
            os.fsync(self._folder)

    def _checked_path(self) -> Path:
        try:
            if not urls.is_local(self._url):
                raise ConfigurationError(
                    f"{self._option}: plain text of what was said is written to a folder of this machine alone, where "
                    "only its owner may read it: who may read an object store cannot be seen from here"
                )
            path = followed(urls.normalised(self._url))
        except StorageError as error:
            raise ConfigurationError(f"{self._option}: {error}") from None
        for root, name in self._apart:
            other = followed(root)
            if urls.is_within(path, other) or urls.is_within(other, path):
                raise ConfigurationError(
                    f"{self._option}: lies within {name}, or {name} within it; name a folder of its own"
                )
        if lies_in_outputs(path) or holds_outputs(path):
            raise ConfigurationError(
                f"{self._option}: lies in or around what looks like the public outputs of runs (status/ and "
                "transcripts/): name a folder of its own"
            )
        return Path(path)

    def _check_owner(self, status: os.stat_result) -> None:
        if status.st_uid != os.geteuid():
            raise ConfigurationError(f"{self._option}: the folder belongs to another user; name one that is not there")
        if stat.S_IMODE(status.st_mode) & _OTHERS:
            raise ConfigurationError(
                f"{self._option}: others may look into this folder; chmod 700 it, or name one that is not there yet"
            )
