"""PrivateFolder: a local folder for unencrypted transcripts, readable only by its owner."""

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
    nearest_existing,
    storage_errors,
    write_all,
)
from hushbeam.transforms.storage.private_roots import followed, holds_outputs, lies_in_outputs

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class PrivateFolder:
    """A context manager for a local folder of plain text: made with mode 0700 if missing, files with 0600.

    The folder is opened once, checked, and files are made relative to the open folder. So a link that replaces the
    folder, or that exists under a file's name, has no effect.

    Args:
      url: A local path.
      option: The option that names the folder, for errors.
      apart: Roots that must not contain it or lie within it, as (root, name for errors).

    Raises (on entry):
      ConfigurationError: It is not a local folder, others may read it, or it lies in or around an output root or one of
        `apart`, links followed.
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
            raise ConfigurationError(f"{self._option}: the folder cannot be made: {error}") from None
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
          StorageError: The disk fails, or there is a folder of that name.
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
                    f"{self._option}: unencrypted transcripts are only written to a local folder that only its "
                    "owner may read, since the permissions of an object store cannot be checked: name a local folder"
                )
            path = followed(urls.normalised(self._url))
        except StorageError as error:
            raise ConfigurationError(f"{self._option}: {error}") from None
        nearest = nearest_existing(Path(path))
        if not nearest.is_dir():
            raise ConfigurationError(f"{self._option}: {nearest} is a file; name a folder")
        for root, name in self._apart:
            other = followed(root)
            if urls.is_within(path, other) or urls.is_within(other, path):
                raise ConfigurationError(
                    f"{self._option}: lies within {name}, or {name} within it; name a separate folder"
                )
        if lies_in_outputs(path) or holds_outputs(path):
            raise ConfigurationError(
                f"{self._option}: lies in or around what looks like the public outputs of runs (status/ and "
                "transcripts/): name a separate folder"
            )
        return Path(path)

    def _check_owner(self, status: os.stat_result) -> None:
        if status.st_uid != os.geteuid():
            raise ConfigurationError(f"{self._option}: the folder belongs to another user; name a new one")
        if stat.S_IMODE(status.st_mode) & _OTHERS:
            raise ConfigurationError(
                f"{self._option}: other users may read this folder; chmod 700 it, or name a new one"
            )
