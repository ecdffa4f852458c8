"""Whether sources on web servers may be fetched, before a run and without a connection to them."""

from __future__ import annotations

import time

from hushbeam.transforms.sources.settings import SourceSettings
from hushbeam.transforms.storage.urls import is_web
from hushbeam.transforms.storage.web.addresses import Endpoint, RefusedAddressError, is_host_name
from hushbeam.transforms.storage.web.client import endpoint_of, refused
from hushbeam.transforms.storage.web.connection import Resolver, resolve

_ASKS_FOR_S = 5.0
"""Time for the names of hosts in all; those that come later are left to the run."""


class AllowedSources:
    """Refuses the URLs that a run with the same settings would refuse to fetch.

    Each host is resolved once. A name that cannot be resolved now is not judged: the run asks again.
    """

    def __init__(self, settings: SourceSettings, resolver: Resolver = resolve) -> None:
        self._settings = settings
        self._resolver = resolver
        self._refusals: dict[str, RefusedAddressError | None] = {}
        self._asked_s = 0.0

    def check(self, location: str) -> None:
        """Checks the location of a source. Only those of web servers can be refused.

        Raises:
          StorageError: As the run would say it.
        """
        if not is_web(location):
            return
        endpoint = endpoint_of(location, allow_http=self._settings.allow_http)
        if endpoint.host not in self._refusals:
            self._refusals[endpoint.host] = self._refusal(endpoint)
        if (refusal := self._refusals[endpoint.host]) is not None:
            raise refused(refusal)

    def _refusal(self, endpoint: Endpoint) -> RefusedAddressError | None:
        if is_host_name(endpoint.host) and self._asked_s > _ASKS_FOR_S:
            return None
        began = time.monotonic()
        try:
            self._settings.guard.check(endpoint.host, self._resolver(endpoint.host, endpoint.port))
        except RefusedAddressError as error:
            return error
        except (OSError, UnicodeError):
            return None
        finally:
            self._asked_s += time.monotonic() - began
        return None
