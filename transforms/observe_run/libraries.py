"""Imports of the optional `observability` packages, with an error that says how to install them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hushbeam.schemas.errors import ConfigurationError


@contextmanager
def needed_by(option: str) -> Iterator[None]:
    """Wraps the import of a library that an option needs.

    Raises:
      ConfigurationError: The library is not installed.
    """
    try:
        yield
    except ImportError:
        raise ConfigurationError(
            f"{option}: needs packages that are not installed; pip install 'hushbeam[observability]'"
        ) from None
