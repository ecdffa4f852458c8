"""Strict access to the JSON of given transcripts: values of the expected type, or an error that names their place."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from hushbeam.transforms.transcribe.given.errors import UnusableTranscriptError

LONGEST_WORD = 500
"""Characters. Services write a URL or a formatted number as one word, but no more."""

_LATEST_S = 1000 * 3600.0
_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


class Entry:
    """A JSON object of a given transcript, whose errors name its place and the key, never a value.

    Raises:
      UnusableTranscriptError: It is not an object, or in all methods: a value has another type than it should have.
    """

    __slots__ = ("_place", "_values")

    def __init__(self, value: Any, place: str = "") -> None:
        if not isinstance(value, dict):
            raise UnusableTranscriptError(f"{place or 'the file'}: expected a JSON object")
        self._values = value
        self._place = place

    def __contains__(self, key: str) -> bool:
        """Whether there is a value. Services write null for what is missing."""
        return self._values.get(key) is not None

    def is_list(self, key: str) -> bool:
        return isinstance(self._values.get(key), list)

    def entry(self, key: str) -> Entry:
        return Entry(self._values.get(key), self.place_of(key))

    def entries(self, key: str) -> Iterator[Entry]:
        """The objects of a list; nothing if the list is missing. A list may hold a million, so do not keep them all."""
        values = self._values.get(key)
        if values is not None and not isinstance(values, list):
            raise self.error(key, "expected a list")
        return (Entry(value, f"{self.place_of(key)}[{number}]") for number, value in enumerate(values or ()))

    def text(self, key: str) -> str | None:
        """A text without white space at its end, and without line breaks and control characters."""
        value = self._values.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self.error(key, "expected a text")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise self.error(key, "contains an unpaired Unicode surrogate") from None
        return _BLANK.sub(" ", value).rstrip()

    def word(self, key: str) -> str:
        """As `text`; it must exist, and be short enough for a word."""
        value = self.text(key)
        if value is None:
            raise self.error(key, "is missing")
        return self.as_word(key, value)

    def as_word(self, key: str, text: str) -> str:
        """The text, taken from the value of a key; it must be short enough for a word."""
        if len(text) > LONGEST_WORD:
            raise self.error(key, f"longer than {LONGEST_WORD} characters, which is no word")
        return text

    def number(self, key: str) -> float | None:
        """A finite number, also if it is written as a text."""
        value = self._values.get(key)
        if value is None:
            return None
        try:
            number = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            raise self.error(key, "expected a finite number")
        return number

    def whole(self, key: str) -> int | None:
        """A number without a fraction."""
        number = self.number(key)
        if number is not None and not number.is_integer():
            raise self.error(key, "expected a whole number")
        return None if number is None else int(number)

    def flag(self, key: str) -> bool:
        """A truth value; False if it is missing."""
        value = self._values.get(key)
        if value is not None and not isinstance(value, bool):
            raise self.error(key, "expected true or false")
        return value is True

    def times_s(self, start: str, end: str, unit_s: float = 1.0) -> tuple[float | None, float | None]:
        """Start and end in seconds; twice None if both are missing.

        Args:
          unit_s: Of the numbers in the file.
        """
        start_s, end_s = self.number(start), self.number(end)
        if start_s is None or end_s is None:
            if start_s is not None or end_s is not None:
                raise self.error(end if end_s is None else start, "is missing")
            return None, None
        start_s, end_s = start_s * unit_s, end_s * unit_s
        if not 0 <= start_s <= end_s <= _LATEST_S:
            raise self.error(end, "the word's times are negative, too large or in the wrong order")
        return start_s, end_s

    def confidence(self, key: str) -> float:
        """From 0 to 1; 1 if it is missing."""
        value = self.number(key)
        return 1.0 if value is None else min(max(value, 0.0), 1.0)

    def place_of(self, key: str) -> str:
        """Where a value lies in the file."""
        return f"{self._place}.{key}" if self._place else key

    def error(self, key: str, problem: str) -> UnusableTranscriptError:
        return UnusableTranscriptError(f"{self.place_of(key)}: {problem}")
