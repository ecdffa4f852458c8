"""Errors of the libraries of table formats."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hushbeam.schemas.errors import ConfigurationError, RecordingError, RunError


@contextmanager
def library_errors(what: str) -> Iterator[None]:
    """Reports errors of a library by their class: their messages may hold URLs with secrets, or values of rows.

    Raises:
      RunError: The library failed.
    """
    try:
        yield
    except (ConfigurationError, RunError, RecordingError):
        raise
    except Exception as error:  # noqa: BLE001 - libraries have errors of their own
        raise RunError(f"{what} failed with {type(error).__name__}; check the catalogue and the store") from None
