"""URLs and addresses that webhooks may go to, and that sources may come from.

The author of a manifest chooses the URL, and the job runs inside the operator's network. So a URL must be https and
resolve to public addresses, unless the operator allows a network or a host.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9.])?")
_TARGET = re.compile(r"[\x21-\x7e]*")
_PUBLIC_IPV6 = ipaddress.IPv6Network("2000::/3")
# Networks that Python's `is_global` accepts.
_NEVER_PUBLIC: tuple[Network, ...] = tuple(
    ipaddress.ip_network(network)
    for network in (
        "2002::/16",  # 6to4: contains an IPv4 address
        "192.88.99.0/24",
        "2001::/23",  # Teredo, which contains one too, and addresses of other protocols
        "3fff::/20",  # documentation
        "192.0.0.0/24",  # addresses of protocols, among them a cloud's metadata service
        "168.63.129.16/32",  # Azure's host services
    )
)
# Where clouds have their metadata services, which give out the credentials of a machine.
_METADATA: tuple[Network, ...] = tuple(
    ipaddress.ip_network(network)
    for network in (
        "169.254.0.0/16",
        "fe80::/10",
        "fd00:ec2::/32",  # AWS
        "fd20:ce::/64",  # Google Cloud
        "100.100.100.200/32",  # Alibaba Cloud
    )
)


class RefusedAddressError(Exception):
    """The address is not allowed. `str()` is one of a few fixed reasons."""


@dataclass(frozen=True)
class Endpoint:
    """A URL, parsed once, so that the checked address is the one that is connected to.

    Attributes:
      scheme: `https` or `http`.
      host: Name or IP address, in lower case, without brackets.
      port: 1 to 65535.
      target: Path and query.
    """

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Host and port for the Host header and for records; the default port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == {"https": 443, "http": 80}[self.scheme] else f"{host}:{self.port}"

    def __repr__(self) -> str:
        # Paths and queries may contain tokens and ids.
        return f"Endpoint({self.scheme}://{self.authority})"

    @classmethod
    def parse(cls, url: str, *, allow_http: bool = False) -> Self:
        """Parses a URL.

        Raises:
          RefusedAddressError: It is not https, contains credentials, or is ambiguous.
        """
        if not _TARGET.fullmatch(url) or "\\" in url:
            raise RefusedAddressError(
                "the URL contains white space or characters that are not ASCII: percent-encode them"
            )
        try:
            split = urlsplit(url)
            host, port = split.hostname or "", split.port
        except ValueError:
            raise RefusedAddressError("the URL cannot be parsed") from None
        if split.scheme != "https" and not (split.scheme == "http" and allow_http):
            raise RefusedAddressError("the URL is not https")
        if "@" in split.netloc:
            raise RefusedAddressError("the URL contains credentials")
        if not _is_host(host) or port == 0:
            raise RefusedAddressError("the URL has no valid host")
        target = (split.path or "/") + (f"?{split.query}" if split.query else "")
        return cls(split.scheme, host, port or {"https": 443, "http": 80}[split.scheme], target)


@dataclass(frozen=True)
class Guard:
    """The addresses that may be connected to: public ones, and those that the operator allows.

    Attributes:
      option: The option that allows more, for errors.
      networks: Allowed networks, public or not.
      hosts: Allowed names, in lower case. Their addresses may be private, but not those of metadata services.
    """

    option: str
    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()

    @classmethod
    def of(cls, option: str, allowed: Sequence[str]) -> Self:
        """A guard from networks and names as an operator writes them.

        Raises:
          ValueError: An entry is neither. The message goes on after the entry.
        """
        networks, hosts = [], set()
        for entry in allowed:
            try:
                networks.append(ipaddress.ip_network(entry))
            except ValueError:
                if not is_host_name(entry):
                    raise ValueError("is neither a host name nor a network such as 10.1.0.0/16") from None
                hosts.add(entry.lower())
        return cls(option, tuple(networks), frozenset(hosts))

    def check(self, host: str, addresses: Sequence[str]) -> list[Address]:
        """The addresses of a name, if all of them are allowed.

        A name with a public and a private address is refused: name servers attack in this way.

        Raises:
          RefusedAddressError: An address is not allowed, or the name has no address.
        """
        found = [_plain(ipaddress.ip_address(address.partition("%")[0])) for address in addresses]
        if not found:
            raise RefusedAddressError("the host has no address")
        if not all(self._allows(host, address) for address in found):
            raise RefusedAddressError(f"the host has an address that is not public: see {self.option}")
        return found

    def _allows(self, host: str, address: Address) -> bool:
        if any(address in network for network in self.networks) or _is_public(address):
            return True
        return host in self.hosts and not (
            address.is_multicast
            or address.is_unspecified
            or any(address in network for network in (*_NEVER_PUBLIC, *_METADATA))
        )


def is_host_name(text: str) -> bool:
    """Whether a text is a name, and not an address in some unusual notation, such as 127.1 or 0x7f000001."""
    last = text.rstrip(".").rpartition(".")[2]
    return bool(_HOST.fullmatch(text)) and len(text) <= 253 and not re.fullmatch(r"\d+|0[xX][0-9a-fA-F]*", last)


def _plain(address: Address) -> Address:
    """The IPv4 address that an IPv4-mapped IPv6 address contains; other addresses unchanged."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _is_public(address: Address) -> bool:
    if address.is_multicast or any(address in network for network in _NEVER_PUBLIC):
        return False
    # Outside 2000::/3 are NAT64, IPv4-compatible and site-local addresses.
    return address.is_global and (isinstance(address, ipaddress.IPv4Address) or address in _PUBLIC_IPV6)


def _is_host(host: str) -> bool:
    if _HOST.fullmatch(host):
        return len(host) <= 253
    try:
        return isinstance(ipaddress.ip_address(host), ipaddress.IPv6Address) and "%" not in host
    except ValueError:
        return False
