"""Grammars as data by language: how people say numbers, addresses and names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module

from hushbeam.schemas.errors import QuarantineError
from hushbeam.schemas.languages import shown_language
from hushbeam.transforms.detect_pii.languages.language import Language

__all__ = ["SUPPORTED", "Language", "UnsupportedLanguageError", "UnsupportedPolicyError", "language_of"]

SUPPORTED: Mapping[str, str] = {
    "en": "hushbeam.transforms.detect_pii.languages.english",
    "es": "hushbeam.transforms.detect_pii.languages.spanish",
    "fr": "hushbeam.transforms.detect_pii.languages.french",
    "de": "hushbeam.transforms.detect_pii.languages.german",
}


class UnsupportedLanguageError(QuarantineError):
    """Personal data cannot be found in the language of the recording."""

    remedy = (
        "If the language was detected wrongly, set `language_code`; other languages need a detector or "
        "recognisers of your own."
    )


class UnsupportedPolicyError(QuarantineError):
    """Nothing covers a requested policy in the language of the recording, so its data would be published."""

    remedy = "Request other policies, or add a detector or a recogniser of your own."

    def __init__(self, language: str, policies: Iterable[str]) -> None:
        super().__init__(
            f"no recogniser finds {', '.join(sorted(policies))} in language {shown_language(language)!r}; request "
            "other policies (docs/policies.md), or add a model or a recogniser of your own (docs/rules.md)"
        )


@cache
def language_of(code: str) -> Language:
    """The grammar of a language by its ISO 639-1 code (`en`; `en-GB` is `en`).

    Raises UnsupportedLanguageError, which quarantines the recording, if it has no grammar.
    """
    module = SUPPORTED.get(code.lower().replace("_", "-").split("-", maxsplit=1)[0])
    if module is None:
        raise UnsupportedLanguageError(
            f"no detection for language {shown_language(code)!r}; supported: {', '.join(sorted(SUPPORTED))}. "
            "Set language_code in the manifest if the detected language is wrong"
        )
    language: Language = import_module(module).LANGUAGE
    return language
