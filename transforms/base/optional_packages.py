"""Imports of optional packages, with an error that says how to install them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hushbeam.schemas.errors import ConfigurationError


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


def installs(extra: str) -> str:
    """How an extra of Hushbeam is installed, for messages. There is no Hushbeam at a package index to name."""
    return f"pip install '.[{extra}]' in the checkout, or with the path of the wheel for the dot"
