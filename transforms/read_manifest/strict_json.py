"""JSON of a manifest, where every reader must understand the same: no key twice, no numbers that JSON does not have."""

from __future__ import annotations

import json
from typing import Any, NoReturn

LONGEST_LINE_BYTES = 1 << 20
"""Of a manifest, whatever kind of file it is; of a row of Parquet, as JSON."""

# Python's own words for what is wrong. Whatever else it may say one day could hold a piece of the text.
_KNOWN_WORDS = frozenset(
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
    """The text is no JSON, or not JSON that is understood in one way only. `str()` holds nothing of it."""


def parsed_json(text: str) -> Any:
    """What a JSON text holds.

    Raises:
      UnusableJsonError: It is none; or an object, at any depth, has a key twice, of which readers take the one or the
        other; or it holds NaN or Infinity, which are no JSON.
    """
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        words = error.msg.partition(": ")[0]
        said = f": {words}" if words in _KNOWN_WORDS else ""
        raise UnusableJsonError(f"not valid JSON{said} at column {error.pos + 1}") from None
    except UnusableJsonError:
        raise
    except ValueError:
        raise UnusableJsonError("holds a number of thousands of digits") from None
    except RecursionError:
        raise UnusableJsonError("nests too deeply") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for place, (key, value) in enumerate(pairs, start=1):
        if key in found:
            raise UnusableJsonError(f"names a key twice (key {place} of an object is one that it has)")
        found[key] = value
    return found


def _no_number(_: str) -> NoReturn:
    raise UnusableJsonError("holds NaN or Infinity, which are not JSON")
