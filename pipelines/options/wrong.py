"""What is wrong with the options of a command or of the library: a message for each option at fault."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from hushbeam.schemas.errors import ConfigurationError


class WrongOption(NamedTuple):
    """One thing that is wrong.

    Attributes:
      options: The flags that it is about, without dashes: those at fault, and those that are missing.
    """

    message: str
    options: frozenset[str] = frozenset()


class WrongOptions:
    """All that is wrong, in the order in which it was found.

    What only follows from something earlier is left out: an option is not missing if its name was misspelled.
    """

    def __init__(self) -> None:
        self._found: list[WrongOption] = []

    def add(self, wrong: Iterable[WrongOption]) -> None:
        """Adds what a further check has found."""
        told = {option for one in self._found for option in one.options}
        self._found += [one for one in wrong if told.isdisjoint(one.options)]

    @property
    def messages(self) -> Sequence[str]:
        """The messages, each once; empty if nothing is wrong."""
        return tuple(dict.fromkeys(one.message for one in self._found))

    @contextmanager
    def collecting(self, *options: str) -> Iterator[None]:
        """Adds the ConfigurationError of what is checked within; `options` are those that it is about."""
        try:
            yield
        except ConfigurationError as error:
            self.add([WrongOption(str(error), frozenset(options))])

    def raise_any(self) -> None:
        """Raises a ConfigurationError with all messages, each on a line of its own, if anything is wrong."""
        if self._found:
            raise ConfigurationError("\n".join(self.messages))
