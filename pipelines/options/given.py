"""Files that options name, with errors that name the option and what was given."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from difflib import get_close_matches
from glob import has_magic
from itertools import islice
from pathlib import Path

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.storage import urls
from hushbeam.transforms.storage.errors import MissingFileError, StorageError

MOST_COMPARED = 10_000
"""Names in a folder that are compared with a mistyped one, so that a huge folder does not delay the answer."""
_LIKE_A_NAME = 0.7


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
        raise ConfigurationError(f"{option}: no such file: {urls.display(location)}{meant(location)}") from None
    except StorageError as error:
        raise ConfigurationError(f"{option}: {urls.display(location)}: {error}") from None


def is_folder(location: str) -> bool:
    """Whether a location is a folder on this machine."""
    try:
        path = urls.normalised(location)
        return urls.is_local(path) and os.access(path, os.F_OK) and Path(path).is_dir()
    except StorageError:  # not a location
        return False


def meant(location: str, fits: Callable[[Path], bool] | None = None) -> str:
    """Asks whether a file, folder or glob nearby was meant by one that does not exist; empty if none is like it.

    Only the first part of the path that is missing is compared, with what lies beside it on this machine.

    Args:
      fits: Whether a path may have been meant. By default it must exist, if a glob does not follow it.
    """
    fits = fits or (lambda path: has_magic(location) or path.exists())
    parts = Path(location).parts
    if "://" in location:
        return ""
    for place, part in enumerate(parts):
        before, after = Path(*parts[:place]), parts[place + 1 :]
        if has_magic(part):
            break
        with suppress(OSError):
            if not (before / part).exists():
                with os.scandir(before) as beside:
                    names = [entry.name for entry in islice(beside, MOST_COMPARED)]
                like = get_close_matches(part, names, cutoff=_LIKE_A_NAME)
                candidates = (Path(before, name, *after) for name in like)
                return next((f"; did you mean {path}?" for path in candidates if fits(path)), "")
    return ""
