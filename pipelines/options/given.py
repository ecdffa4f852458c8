"""Files that options name, with errors that name the option and what was given."""

from __future__ import annotations

import os
from pathlib import Path

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.storage import urls
from hushbeam.transforms.storage.errors import MissingFileError, StorageError


def read_text_of(option: str, location: str) -> str:
    """The content of the file that an option names.

    Raises:
      ConfigurationError: It does not exist, cannot be read, or is not UTF-8.
    """
    from hushbeam.transforms.storage import files  # noqa: PLC0415 - takes a while, and most commands name no file

    if is_folder(location):
        raise ConfigurationError(f"{option}: {location} is a folder; name a file")
    try:
        return files.read_text(location)
    except MissingFileError:
        raise ConfigurationError(f"{option}: no such file: {urls.display(location)}") from None
    except StorageError as error:
        raise ConfigurationError(f"{option}: {urls.display(location)}: {error}") from None


def is_folder(location: str) -> bool:
    """Whether a location is a folder on this machine."""
    try:
        path = urls.normalised(location)
        return urls.is_local(path) and os.access(path, os.F_OK) and Path(path).is_dir()
    except StorageError:  # not a location
        return False
