"""Secrets of auth headers, and the hosts that each may be sent to.

Whoever writes a manifest chooses the URL. So a secret goes where the operator said, and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import AfterValidator

from hushbeam.transforms.base.metavar import Metavar
from hushbeam.transforms.base.secrets import FORMS, is_reference
from hushbeam.transforms.notify.addresses import Endpoint, RefusedAddressError


@dataclass(frozen=True)
class HeaderSecret:
    """Where a secret is kept, and for whom it is.

    Attributes:
      reference: As `hushbeam.transforms.base.secrets` reads it.
      hosts: As `Endpoint.authority` writes them; empty: the host of the job's own `--webhook_url` alone.
    """

    reference: str
    hosts: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads REFERENCE or REFERENCE@HOST,HOST:PORT.

        Raises:
          ValueError: It is neither. The message holds nothing of the text: it may be the secret itself.
        """
        reference, at, hosts = text.rpartition("@")
        if not at or "/" in hosts:
            # A file's path may hold an @ as well.
            reference, at = text, ""
        if not is_reference(reference):
            raise ValueError(f"give references, {FORMS}, each with @HOST, not the secrets themselves")
        return cls(reference, frozenset(_authority(host) for host in hosts.split(",")) if at else frozenset())

    def may_go_to(self, endpoint: Endpoint, own_host: str | None) -> bool:
        """Whether it may be sent there.

        Args:
          own_host: Of the job's own `--webhook_url`; None without one.
        """
        return endpoint.authority in self.hosts if self.hosts else endpoint.authority == own_host


def _authority(host: str) -> str:
    try:
        return Endpoint.parse(f"https://{host.strip()}/").authority
    except RefusedAddressError:
        raise ValueError("after @, give hosts as URLs have them, HOST or HOST:PORT, with commas between them") from None


def host_of(url: str | None) -> str | None:
    """The host of a URL as `HeaderSecret.may_go_to` takes it; None where there is none."""
    try:
        return None if url is None else Endpoint.parse(url, allow_http=True).authority
    except RefusedAddressError:
        return None


def _checked(text: str) -> str:
    HeaderSecret.parse(text)
    return text


HeaderSecretOption = Annotated[str, AfterValidator(_checked), Metavar("SECRET@HOST")]
"""For options: what is no reference is refused where options are read, and never repeated."""
