"""Secrets of auth headers, each with the hosts that it may be sent to.

The author of a manifest chooses the URL, so the operator names the hosts that may get a secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import AfterValidator

from hushbeam.transforms.base.metavar import Metavar
from hushbeam.transforms.base.secrets import FORMS, is_reference
from hushbeam.transforms.storage.web.addresses import Endpoint, RefusedAddressError


@dataclass(frozen=True)
class HeaderSecret:
    """A secret reference and its hosts.

    Attributes:
      reference: As `hushbeam.transforms.base.secrets` reads it.
      hosts: As `Endpoint.authority` writes them. Empty allows only the host of the job's own `--webhook_url`.
    """

    reference: str
    hosts: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads REFERENCE or REFERENCE@HOST,HOST:PORT.

        Raises:
          ValueError: The text is not valid. The message does not repeat it, because it may be the secret itself.
        """
        reference, at, hosts = text.rpartition("@")
        if not at or "/" in hosts:
            # The path of a file may contain an @ too.
            reference, at = text, ""
        if not is_reference(reference):
            raise ValueError(f"give references, {FORMS}, each with @HOST, not the secrets themselves")
        return cls(reference, frozenset(_authority(host) for host in hosts.split(",")) if at else frozenset())

    def may_go_to(self, endpoint: Endpoint, own_host: str | None) -> bool:
        """Whether the secret may be sent to an endpoint.

        Args:
          own_host: Host of the job's own `--webhook_url`; None without one.
        """
        return endpoint.authority in self.hosts if self.hosts else endpoint.authority == own_host


def _authority(host: str) -> str:
    try:
        return Endpoint.parse(f"https://{host.strip()}/").authority
    except RefusedAddressError:
        raise ValueError("after @, give hosts as in URLs, HOST or HOST:PORT, separated by commas") from None


def host_of(url: str | None) -> str | None:
    """The host of a URL for `HeaderSecret.may_go_to`; None without one."""
    try:
        return None if url is None else Endpoint.parse(url, allow_http=True).authority
    except RefusedAddressError:
        return None


def _checked(text: str) -> str:
    HeaderSecret.parse(text)
    return text


HeaderSecretOption = Annotated[str, AfterValidator(_checked), Metavar("SECRET@HOST")]
"""Type of an option: an invalid value is refused when options are parsed, and never repeated."""
