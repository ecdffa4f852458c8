"""Recording ids and URLs that say nothing: they often hold names and telephone numbers.

An id or a URL is replaced by its HMAC. Whoever has the key finds a recording's outputs by its id, and nobody else can
tell, or try out, whose they are. Everything after the manifest knows the replaced id alone.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from typing import NoReturn

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.recording import Recording
from hushbeam.transforms.base.secrets import read_secret

_OPTION = "--hash_identities"
_SHORTEST_KEY = 16
_DIGITS = 32


class Pseudonyms:
    """Replaces ids and URLs. Holds the key, so it is made in the worker, never pickled, and shows nothing."""

    def __init__(self, reference: str) -> None:
        """Reads the key.

        Raises:
          ConfigurationError: It cannot be had, or is shorter than 16 bytes.
        """
        self._key = read_secret(reference, _OPTION).encode()
        if len(self._key) < _SHORTEST_KEY:
            raise ConfigurationError(
                f"{_OPTION}: the key has {len(self._key)} bytes, at least {_SHORTEST_KEY} are safe"
            )

    def of_id(self, recording_id: str) -> str:
        """`id-` and 32 hexadecimal digits of the HMAC-SHA256 of the id as UTF-8."""
        return f"id-{self._digits(recording_id)}"

    def of_url(self, url: str) -> str:
        """The same of a URL, with `url-`."""
        return f"url-{self._digits(url)}"

    def of_recording(self, recording: Recording) -> Recording:
        """The recording as everything after the manifest may know it."""
        return replace(
            recording, recording_id=self.of_id(recording.recording_id), published_url=self.of_url(recording.audio_url)
        )

    def _digits(self, text: str) -> str:
        return hmac.new(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:_DIGITS]

    def __repr__(self) -> str:
        return "Pseudonyms()"

    def __reduce__(self) -> NoReturn:
        raise TypeError("pseudonyms hold a key and stay in their worker")
