"""Files of packaged models: their folders and checksums."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.base.checksums import sha256_of


def package_folder(package: str, option: str, *, is_default: bool = True) -> Path:
    """The folder of an installed package, without importing it.

    Args:
      is_default: Whether it is one of the packages in requirements-models.txt.

    Raises:
      ConfigurationError: The package is not installed.
    """
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):  # not the name of a package
        spec = None
    if spec is None or not spec.submodule_search_locations:
        remedy = "install requirements-models.txt" if is_default else "install it, or give the folder of a model"
        raise ConfigurationError(f"{option}: the package {package} is not installed; {remedy}")
    return Path(spec.submodule_search_locations[0])


def check_files(folder: Path, checksums: Mapping[str, str], option: str) -> None:
    """Compares files with their known SHA-256 (hexadecimal, by path within the folder).

    Raises:
      ConfigurationError: A file is missing or differs.
    """
    for name, expected in checksums.items():
        path = folder / name
        if not path.is_file():
            raise ConfigurationError(f"{option}: {name} is missing from the model's folder")
        if sha256_of(path) != expected:
            raise ConfigurationError(f"{option}: {name} is not the file that was tested; reinstall the model's package")


def sha256_of_folder(folder: Path) -> str:
    """Checksum of all files of a folder with their paths: the identity of a user's own model."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + bytes.fromhex(sha256_of(path)))
    return digest.hexdigest()
