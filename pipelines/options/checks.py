"""Checks of options that concern several of them, before anything is imported for the command."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hushbeam.pipelines.options.wrong import WrongOption
from hushbeam.schemas.languages import primary_language
from hushbeam.transforms.detect_pii.languages import SUPPORTED
from hushbeam.transforms.notify.header_secrets import HeaderSecret
from hushbeam.transforms.notify.settings import NotificationSettings
from hushbeam.transforms.storage import urls
from hushbeam.transforms.storage.web.addresses import Endpoint, RefusedAddressError

_ENGLISH_ONLY = ".en"
"""The end of the names of Whisper's models that know English alone."""


def wrong_webhook(url: str | None, header_name: str | None, settings: NotificationSettings) -> Iterator[WrongOption]:
    """Why no notification could be sent to the URL that is notified of every recording, or with an auth header."""
    yield from _wrong_header(url, header_name, settings)
    if url is None:
        return
    try:
        Endpoint.parse(url, allow_http=settings.allow_http)
    except RefusedAddressError as error:
        hint = "; add --webhook_allow_http to send it all the same" if url.startswith("http://") else ""
        options = ("webhook_url", "webhook_allow_http") if hint else ("webhook_url",)
        message = f"--webhook_url: {error}; give a URL such as https://example.com/done{hint}"
        yield WrongOption(message, frozenset(options))


def _wrong_header(url: str | None, name: str | None, settings: NotificationSettings) -> Iterator[WrongOption]:
    if name is not None and not settings.auth_header_values:
        yield WrongOption(
            f"--webhook_auth_header_name: no value for {name} is given; add --webhook_auth_header_values env:NAME@HOST",
            frozenset({"webhook_auth_header_name", "webhook_auth_header_values"}),
        )
    for secret in map(HeaderSecret.parse, settings.auth_header_values):
        if url is None and not secret.hosts:
            yield WrongOption(
                f"--webhook_auth_header_values: {secret.reference} names no host, so only that of --webhook_url could "
                f"get it, which is not given; name the hosts, as in {secret.reference}@example.com",
                frozenset({"webhook_auth_header_values", "webhook_url"}),
            )


def wrong_language(code: str | None, model: str) -> Iterator[WrongOption]:
    """Why personal data cannot be found in the language of the recordings, or the model does not know it.

    Every recording would be transcribed and then quarantined.
    """
    language = primary_language(code) if code else None
    if language is None:
        return
    if language not in SUPPORTED:
        *some, last = sorted(SUPPORTED)
        yield WrongOption(
            f"--language_code: personal data cannot be found in {code}, only in {', '.join(some)} and {last}",
            frozenset({"language_code", "unredacted_output"}),
        )
    elif model.endswith(_ENGLISH_ONLY) and language != "en":
        yield WrongOption(
            f"--language_code: the model {model} knows English only; name another --model",
            frozenset({"language_code", "model", "unredacted_output"}),
        )


def wrong_plain_sources(given: Sequence[str], *, allow_http: bool) -> Iterator[WrongOption]:
    """Which recordings that are named by URL may not be fetched without encryption."""
    for location in given:
        if not allow_http and location[:7].lower() == "http://":
            yield WrongOption(
                f"INPUT: {urls.display(location)} would be sent in plain text: use https://, or add --allow_http",
                frozenset({"allow_http"}),
            )
