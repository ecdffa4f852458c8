"""The libraries that are needed by those alone who want to be told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hushbeam.schemas.errors import ConfigurationError


@contextmanager
def needed_by(option: str) -> Iterator[None]:
    """Around the import of a library that an option needs.

    Raises:
      ConfigurationError: It is not installed.
    """
    try:
        yield
    except ImportError:
        raise ConfigurationError(
            f"{option}: needs packages that are not here; pip install 'hushbeam[observability]'"
        ) from None
