"""Pseudonyms for recording ids and URLs, which often contain names and telephone numbers.

A pseudonym is the HMAC of an id or a URL. With the key, the outputs of an id can be found; without it, a pseudonym
cannot be traced back, not even by trying ids. All stages after ReadManifest have the pseudonyms only.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import replace
from typing import NoReturn

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.public_urls import without_query
from hushbeam.schemas.recording import Recording
from hushbeam.transforms.base.secrets import read_secret

HASH_IDENTITIES = "--hash_identities"
_SHORTEST_KEY = 16
_DIGITS = 32
_CHECKED = b"\xffhushbeam: check value of the key"
"""No text has this first byte in UTF-8, so that the check value is not the beginning of a pseudonym."""
_CHECK_DIGITS = 16
_PSEUDONYM_OF_ID = re.compile(rf"id-[0-9a-f]{{{_DIGITS}}}")


def is_pseudonym(recording_id: str) -> bool:
    """Whether an id looks like a pseudonym."""
    return _PSEUDONYM_OF_ID.fullmatch(recording_id) is not None


class Pseudonyms:
    """Replaces ids and URLs. It has the key, so it is created in the worker, never pickled, and its repr is empty."""

    def __init__(self, reference: str) -> None:
        """Reads the key.

        Raises:
          ConfigurationError: The key cannot be read, or is shorter than 16 bytes.
        """
        self._key = read_secret(reference, HASH_IDENTITIES).encode()
        if len(self._key) < _SHORTEST_KEY:
            raise ConfigurationError(
                f"{HASH_IDENTITIES}: the key has {len(self._key)} bytes; it needs at least {_SHORTEST_KEY}"
            )

    @property
    def check_value(self) -> str:
        """Tells whether two keys are the same, but not the key: 16 hexadecimal digits of the HMAC of a fixed text."""
        return hmac.new(self._key, _CHECKED, hashlib.sha256).hexdigest()[:_CHECK_DIGITS]

    def of_id(self, recording_id: str) -> str:
        """`id-` and 32 hexadecimal digits of the HMAC-SHA256 of the id as UTF-8."""
        return f"id-{self._digits(recording_id)}"

    def of_url(self, url: str) -> str:
        """The same for a URL, with `url-`."""
        return f"url-{self._digits(url)}"

    def of_recording(self, recording: Recording) -> Recording:
        """The recording with pseudonyms, for the stages after ReadManifest."""
        published_url = self.of_source(recording.audio_url, recording.recording_id)
        return replace(recording, recording_id=self.of_id(recording.recording_id), published_url=published_url)

    def of_source(self, audio_url: str, recording_id: str) -> str:
        """The pseudonym of a recording's source."""
        url = without_query(audio_url)
        if url != audio_url:  # the query may name the recording: the rest does not, for certain
            url = f"{url}?{recording_id}"
        return self.of_url(url)

    def _digits(self, text: str) -> str:
        return hmac.new(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:_DIGITS]

    def __repr__(self) -> str:
        return "Pseudonyms()"

    def __reduce__(self) -> NoReturn:
        raise TypeError("pseudonyms hold a key and stay in their worker")
