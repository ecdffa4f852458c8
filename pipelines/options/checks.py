"""Checks of options that concern several of them, before anything is imported for the command."""

from __future__ import annotations

from collections.abc import Sequence

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.languages import primary_language
from hushbeam.transforms.detect_pii.languages import SUPPORTED
from hushbeam.transforms.storage import urls
from hushbeam.transforms.storage.web.addresses import Endpoint, RefusedAddressError

_ENGLISH_ONLY = ".en"
"""The end of the names of Whisper's models that know English alone."""


def check_webhook(url: str | None, *, allow_http: bool) -> None:
    """Checks the URL that is notified of every recording.

    Raises:
      ConfigurationError: No notification could be sent there.
    """
    if url is None:
        return
    try:
        Endpoint.parse(url, allow_http=allow_http)
    except RefusedAddressError as error:
        hint = "; add --webhook_allow_http to send it all the same" if url.startswith("http://") else ""
        raise ConfigurationError(f"--webhook_url: {error}; give a URL such as https://example.com/done{hint}") from None


def check_language(code: str | None, model: str) -> None:
    """Checks the language of the recordings.

    Raises:
      ConfigurationError: Personal data cannot be found in it, or the model does not know it. Every recording would be
        transcribed and then quarantined.
    """
    language = primary_language(code) if code else None
    if language is None:
        return
    if language not in SUPPORTED:
        *some, last = sorted(SUPPORTED)
        raise ConfigurationError(
            f"--language_code: personal data cannot be found in {code}, only in {', '.join(some)} and {last}"
        )
    if model.endswith(_ENGLISH_ONLY) and language != "en":
        raise ConfigurationError(f"--language_code: the model {model} knows English only; name another --model")


def check_plain_sources(given: Sequence[str], *, allow_http: bool) -> None:
    """Checks that recordings named by URL may be fetched without encryption.

    Raises:
      ConfigurationError: One is an http:// URL, and that is not allowed.
    """
    for location in given:
        if not allow_http and location[:7].lower() == "http://":
            raise ConfigurationError(
                f"INPUT: {urls.display(location)} would be sent in plain text: use https://, or add --allow_http"
            )
