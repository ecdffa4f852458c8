"""Messages about invalid manifest lines. They repeat no value and no unknown key, which may be personal data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_EXPECTED = {
    "bool_parsing": "expected true or false",
    "bool_type": "expected true or false",
    "dict_type": 'expected a map, such as {"NAME": "TEXT"}',
    "list_type": "expected a list",
    "model_type": 'expected a map, such as {"KEY": "VALUE"}',
    "string_sub_type": "expected text",
    "string_too_short": "must not be empty",
    "string_type": "expected text",
}
_EXPECTED_OF_KEY = {
    "metadata": {"string_type": "expected text; put numbers in quotes"},
    "redact_pii_policies": {"list_type": 'expected a list of names, such as ["person_name"]'},
    "redact_static_entities": {
        "dict_type": 'expected terms by label, such as {"PROJECT": ["Blue Moon"]}',
        "list_type": 'expected a list of terms, such as ["Blue Moon"]',
    },
}


def expected(error: Mapping[str, Any]) -> str:
    """What the value should be, from one of pydantic's errors. Only its type and the limits of ours are used."""
    kind, context = error["type"], error.get("ctx", {})
    of_key = _EXPECTED_OF_KEY.get(str(error["loc"][0]), {}) if error["loc"] else {}
    if kind in of_key:
        return of_key[kind]
    if kind in _EXPECTED:
        return _EXPECTED[kind]
    if kind == "literal_error":
        return f"expected {_listed(str(context['expected']))}"
    if kind == "string_too_long":
        return f"is longer than {context['max_length']:,} characters"
    if kind == "value_error":  # raised by our own validators
        return str(error["msg"]).removeprefix("Value error, ")
    return "is not valid"


def listed(names: Sequence[object]) -> str:
    """`1`, `1 and 2`, `1, 2 and 3`."""
    *first, last = map(str, names)
    return f"{', '.join(first)} and {last}" if first else last


def _listed(quoted: str) -> str:
    """`hash, mask or numbered` from `'hash', 'mask' or 'numbered'`."""
    return quoted.replace("'", "")
