"""Keys of a manifest line that are not Hushbeam's own: AssemblyAI's other parameters, and columns for `metadata`."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, NamedTuple

IGNORED = frozenset(
    {
        "auto_chapters",
        "auto_highlights",
        "boost_param",
        "content_safety",
        "content_safety_confidence",
        "custom_spelling",
        "custom_topics",
        "disfluencies",
        "domain",
        "entity_detection",
        "filter_profanity",
        "format_text",
        "iab_categories",
        "keyterms_prompt",
        "keyterms_prompt_options",
        "language_codes",
        "language_confidence_threshold",
        "language_detection_options",
        "prompt",
        "punctuate",
        "remove_audio_tags",
        "sentiment_analysis",
        "speaker_labels",
        "speaker_options",
        "speakers_expected",
        "speech_model",
        "speech_models",
        "speech_threshold",
        "speech_understanding",
        "summarization",
        "summary_model",
        "summary_type",
        "temperature",
        "throttle",
        "topics",
        "word_boost",
    }
)
"""Parameters of AssemblyAI's transcript request that concern neither what is redacted nor which audio is published.

From its OpenAPI description of March 2026 and its Python SDK of August 2026.
"""

UNSUPPORTED: Mapping[str, str] = {
    "audio_start_from": "the whole recording is redacted; cut it beforehand, or remove the key",
    "audio_end_at": "the whole recording is redacted; cut it beforehand, or remove the key",
    "redact_pii_return_unredacted": "unredacted words are never published; remove the key, or see --unredacted_output",
}
"""Parameters that would change what is published, and what to do instead."""

ALL_COLUMNS = "*"
"""Puts every column that is not a key of Hushbeam or AssemblyAI into `metadata`."""

# A column that looks like a misspelt key, or whose name is about redaction, as those of our options are, may have been
# meant to redact something: it must be named.
_LIKE_A_KEY = 0.8
_LONGEST_LIKE_A_KEY = 200
_ABOUT_REDACTION = re.compile(
    r"redact|pii|policies|entities|substitution|muting|language|(multi|dual).?channel", re.IGNORECASE
)
_OFF = ("false", "0")


class SortedKeys(NamedTuple):
    """The keys of a line, by what becomes of them.

    Attributes:
      own: For validation: Hushbeam's keys, and unknown ones.
      columns: For `metadata`, as text.
      ignored: Names of AssemblyAI's parameters that ask for something that is not done.
      unsupported: Names of parameters with which the line is refused.
    """

    own: dict[str, Any]
    columns: dict[str, str]
    ignored: tuple[str, ...]
    unsupported: tuple[str, ...]


def sort_keys(values: Mapping[str, Any], known: Collection[str], metadata_columns: Collection[str]) -> SortedKeys:
    """Sorts the keys of a line. Keys without a value count as left out.

    Args:
      known: Hushbeam's own keys.
      metadata_columns: Names of columns for `metadata`, or `*`.
    """
    own: dict[str, Any] = {}
    columns: dict[str, str] = {}
    ignored: list[str] = []
    unsupported: list[str] = []
    names = tuple(known)
    for key, value in values.items():
        if value in (None, ""):
            continue
        if key in known:
            own[key] = value
        elif key in metadata_columns:
            columns[key] = _as_text(value)
        elif key == "dual_channel":  # the earlier name of `multichannel`
            own.setdefault("multichannel", value)  # replaced if the line has both
        elif key in IGNORED:
            ignored += [key] if _asks(value) else []
        elif key in UNSUPPORTED:
            unsupported += [key] if _asks(value) else []
        elif ALL_COLUMNS in metadata_columns and key and not _may_be_meant_as_a_key(key[:_LONGEST_LIKE_A_KEY], names):
            columns[key] = _as_text(value)
        else:
            own[key] = value
    return SortedKeys(own, columns, tuple(ignored), tuple(unsupported))


def nearest(key: str, known: Collection[str], likeness: float = 0.6) -> str | None:
    """The known key, AssemblyAI's included, that an unknown one may be a misspelling of."""
    near = get_close_matches(key.lower(), [*known, *IGNORED, *UNSUPPORTED], n=1, cutoff=likeness)
    return near[0] if near else None


# The lines of a table have the same columns: with 10 of them, 12 ms a line without the cache, 0.5 ms with it.
@lru_cache(maxsize=1024)
def _may_be_meant_as_a_key(name: str, known: tuple[str, ...]) -> bool:
    return bool(_ABOUT_REDACTION.search(name) or nearest(name, known, _LIKE_A_KEY))


def _asks(value: Any) -> bool:
    """Whether a parameter is on, or has a value, also in a CSV cell."""
    return bool(value) and not (isinstance(value, str) and value.strip().lower() in _OFF)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
