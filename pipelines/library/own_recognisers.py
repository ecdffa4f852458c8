"""Names of a user's own recognisers, by which workers import them."""

from __future__ import annotations

from collections.abc import Iterable

from hushbeam.schemas.errors import ConfigurationError

Own = str | type
"""A class, or its name as `module:Class`."""


def names_of(recognisers: Own | Iterable[Own]) -> tuple[str, ...]:
    """The names `module:Class` of recognisers.

    Raises:
      ConfigurationError: One is neither a name nor a class of a module.
    """
    given = recognisers if isinstance(recognisers, Iterable) and not isinstance(recognisers, str) else (recognisers,)
    return tuple(map(_name_of, given))


def _name_of(recogniser: Own) -> str:
    if isinstance(recogniser, str):
        return recogniser
    if not isinstance(recogniser, type):
        raise ConfigurationError(
            f"--recognisers: give the class {type(recogniser).__name__} itself, not an object of it; each worker makes "
            "its own"
        )
    if "<locals>" in recogniser.__qualname__:
        raise ConfigurationError(
            f"--recognisers: {recogniser.__name__} is defined in a function; define it at the top of a module, so that "
            "workers can import it"
        )
    return f"{recogniser.__module__}:{recogniser.__qualname__}"
