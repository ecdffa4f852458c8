"""Strict JSON parser: refuses repeated keys and NaN, which parsers read in different ways."""

from __future__ import annotations

import json
from typing import Any, NoReturn

LONGEST_LINE_BYTES = 1 << 20
"""Limit for a line or row of any manifest format."""

# Python's own messages. Any other message might contain a part of the text.
_KNOWN_MESSAGES = frozenset(
    {
        "Expecting value",
        "Expecting ',' delimiter",
        "Expecting ':' delimiter",
        "Expecting property name enclosed in double quotes",
        "Illegal trailing comma before end of object",
        "Illegal trailing comma before end of array",
        "Unterminated string starting at",
        "Invalid control character at",
        "Invalid \\escape",
        "Invalid \\uXXXX escape",
        "Extra data",
    }
)


class UnusableJsonError(ValueError):
    """The text is not valid or not unambiguous JSON. `str()` contains nothing of the text."""


def parsed_json(text: str) -> Any:
    """Parses a JSON text.

    Raises:
      UnusableJsonError: The text is not JSON, an object at any depth has a key twice, or it contains NaN or Infinity.
    """
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        message = error.msg.partition(": ")[0]
        reason = f": {message}" if message in _KNOWN_MESSAGES else ""
        line = f"line {error.lineno}, " if error.lineno > 1 else ""
        raise UnusableJsonError(f"not valid JSON{reason} at {line}column {error.colno}") from None
    except UnusableJsonError:
        raise
    except ValueError:
        raise UnusableJsonError("contains a number with thousands of digits") from None
    except RecursionError:
        raise UnusableJsonError("nested too deeply") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for place, (key, value) in enumerate(pairs, start=1):
        if key in found:
            raise UnusableJsonError(f"contains a key twice (key {place} of an object repeats an earlier one)")
        found[key] = value
    return found


def _no_number(_: str) -> NoReturn:
    raise UnusableJsonError("contains NaN or Infinity, which are not JSON")
