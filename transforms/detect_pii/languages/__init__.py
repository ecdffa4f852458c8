"""How people say numbers, addresses and names, as data by language."""

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
    """No grammar for the language: what is said in it cannot be found, so nothing of it is published."""


class UnsupportedPolicyError(QuarantineError):
    """A policy that nothing looks for in the recording's language: what it covers would be published."""

    def __init__(self, language: str, policies: Iterable[str]) -> None:
        super().__init__(
            f"nothing looks for {', '.join(sorted(policies))} in language {shown_language(language)!r}; ask "
            "for policies that are found in it (docs/policies.md), or add a model or recognisers of your own "
            "(docs/rules.md)"
        )


@cache
def language_of(code: str) -> Language:
    """The grammar of a language by its ISO 639-1 code (`en`; `en-GB` is `en`).

    Raises UnsupportedLanguageError, which quarantines the recording, where there is none.
    """
    module = SUPPORTED.get(code.lower().replace("_", "-").split("-", maxsplit=1)[0])
    if module is None:
        raise UnsupportedLanguageError(
            f"no detection for language {shown_language(code)!r}; supported: {', '.join(sorted(SUPPORTED))}. "
            "Set language_code in the manifest if the recogniser took one language for another"
        )
    language: Language = import_module(module).LANGUAGE
    return language
