"""Imports of optional packages, with an error that says how to install them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hushbeam.schemas.errors import ConfigurationError, installs


@contextmanager
def needed_by(what: str, extra: str) -> Iterator[None]:
    """Wraps the import of a library.

    Args:
      what: The option that needs it, as messages name it.
      extra: Of Hushbeam, which installs it.

    Raises:
      ConfigurationError: The library is not installed.
    """
    try:
        yield
    except ImportError:
        raise ConfigurationError(f"{what} needs packages that are not installed; {installs(extra)}") from None
