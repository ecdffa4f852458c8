"""Checks that private roots (store, unredacted output) lie apart from public outputs."""

from __future__ import annotations

import os
from pathlib import Path

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.storage import urls
from hushbeam.transforms.storage.errors import StorageError

_STATUS, _TABLES, _RUNS = "status", "transcripts", "runs"


def private_root(url: str, public: str, option: str) -> str:
    """The normalised location of a private root.

    Args:
      public: The root of the public outputs.
      option: The option that names the private root, for errors.

    Raises:
      ConfigurationError: One root lies within the other, links followed: readers of the outputs could then read private
        files, or deleting one root would delete the other. Or the private root lies within a local folder that looks
        like the outputs of other runs.
    """
    try:
        private, root = urls.normalised(url), urls.normalised(public)
    except StorageError as error:
        raise ConfigurationError(f"{option}: {error}") from None
    inner, outer = followed(private), followed(root)
    if urls.is_within(inner, outer) or urls.is_within(outer, inner):
        raise ConfigurationError(f"{option}: lies within --output, or --output within it; name a separate place")
    if urls.is_local(inner) and lies_in_outputs(inner):
        raise ConfigurationError(
            f"{option}: lies within what looks like the public outputs of other runs; name a separate folder"
        )
    return private


def followed(url: str) -> str:
    """A normalised location; for a local path, the one that its links lead to."""
    return os.path.realpath(url) if urls.is_local(url) else url


def lies_in_outputs(path: str) -> bool:
    """Whether a local path is, or lies within, what looks like an output root."""
    return any(map(looks_public, (Path(path), *Path(path).parents)))


def holds_outputs(path: str) -> bool:
    """Whether a folder below a local folder looks like an output root. Does not enter other file systems."""
    for found, folders, _ in os.walk(path):
        if _STATUS in folders and looks_public(Path(found)):
            return True
        folders[:] = [name for name in folders if not Path(found, name).is_mount()]
    return False


def looks_public(folder: Path) -> bool:
    """Whether a folder looks like an output root."""

    # Not by pathlib: it raises for folders that this user may not read, and for names that cannot exist.
    def has(name: str) -> bool:
        return os.path.isdir(folder / name)  # noqa: PTH112

    return has(_STATUS) and any(map(has, (_TABLES, _RUNS)))
