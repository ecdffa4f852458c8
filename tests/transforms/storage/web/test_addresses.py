"""Refused URLs and addresses. Plain functions."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.transforms.storage.web.addresses import Endpoint, Guard, RefusedAddressError

GUARD = Guard("--allowed")


@pytest.mark.parametrize(
    ("url", "host", "port", "target", "authority"),
    [
        ("https://example.com", "example.com", 443, "/", "example.com"),
        ("https://Example.com:8443/a/b?id=1&x=%20#f", "example.com", 8443, "/a/b?id=1&x=%20", "example.com:8443"),
        ("https://[2606:4700::1]/x", "2606:4700::1", 443, "/x", "[2606:4700::1]"),
        ("https://example.com:443/x", "example.com", 443, "/x", "example.com"),
    ],
)
def test_a_url_is_taken_apart(url: str, host: str, port: int, target: str, authority: str) -> None:
    endpoint = Endpoint.parse(url)
    assert (endpoint.host, endpoint.port, endpoint.target, endpoint.authority) == (host, port, target, authority)
    assert "id=" not in repr(endpoint)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "//example.com/",
        "example.com",
        "https://",
        "https:///path",
        "https://user@example.com/",
        "https://user:secret@example.com/",
        "https://example.com\\@evil.example/",
        "https://example.com /",
        "https://example.com/\r\nX-Injected: 1",
        "https://exämple.com/",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com:port/",
        "https://[::1",
        "https://[fe80::1%25eth0]/",
        "https://exa%6dple.com/",
        "https://.../",
        "",
    ],
)
def test_a_url_that_is_not_plain_https_is_refused(url: str) -> None:
    with pytest.raises(RefusedAddressError):
        Endpoint.parse(url)


def test_http_is_taken_where_it_is_allowed_and_nothing_else() -> None:
    assert Endpoint.parse("http://example.com/", allow_http=True).port == 80
    with pytest.raises(RefusedAddressError):
        Endpoint.parse("ftp://example.com/", allow_http=True)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "192.88.99.1",
        "224.0.0.1",
        "239.255.255.250",
        "255.255.255.255",
        "198.18.0.1",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "2001:db8::1",
        "3fff::1",
        "4000::1",
    ],
)
def test_an_address_that_is_not_public_is_refused_also_beside_a_public_one(address: str) -> None:
    for addresses in ([address], ["93.184.216.34", address], [address, "2606:4700::1"]):
        with pytest.raises(RefusedAddressError):
            GUARD.check("host", addresses)


def test_public_addresses_pass() -> None:
    assert GUARD.check("host", ["93.184.216.34", "2606:4700::1"]) == [
        ipaddress.ip_address("93.184.216.34"),
        ipaddress.ip_address("2606:4700::1"),
    ]
    with pytest.raises(RefusedAddressError):
        GUARD.check("host", [])


def test_a_network_is_allowed_by_name_and_its_neighbour_is_not() -> None:
    guard = Guard.of("--allowed", ["10.1.0.0/16", "fd00::/64"])
    guard.check("host", ["10.1.2.3", "::ffff:10.1.2.3", "fd00::1"])
    for address in ("10.2.0.1", "127.0.0.1", "fd00:1::1"):
        with pytest.raises(RefusedAddressError):
            guard.check("host", [address])


def test_a_host_is_allowed_by_name_with_its_private_addresses_but_never_those_of_metadata_services() -> None:
    guard = Guard.of("--allowed", ["Files.internal"])
    guard.check("files.internal", ["10.1.2.3", "127.0.0.1", "fd00::1", "93.184.216.34"])
    for host, address in (
        ("other.internal", "10.1.2.3"),
        ("files.internal.evil.example", "10.1.2.3"),
        ("files.internal", "169.254.169.254"),
        ("files.internal", "::ffff:169.254.169.254"),
        ("files.internal", "168.63.129.16"),
        ("files.internal", "fe80::1"),
        ("files.internal", "fd00:ec2::254"),
        ("files.internal", "fd20:ce::254"),
        ("files.internal", "100.100.100.200"),
        ("files.internal", "0.0.0.0"),
    ):
        with pytest.raises(RefusedAddressError, match="see --allowed"):
            guard.check(host, [address])


@pytest.mark.parametrize("entry", ["10.0.0.1/8", "every thing", "http://files.internal", "127.1", "0x7f.1", "*.x", ""])
def test_what_is_neither_a_host_nor_a_network_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="neither a host name nor a network"):
        Guard.of("--allowed", [entry])


@given(st.ip_addresses())
def test_nothing_private_passes(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    try:
        GUARD.check("host", [str(address)])
    except RefusedAddressError:
        return
    assert address.is_global
    assert not address.is_multicast


@given(st.text(max_size=60))
def test_every_url_is_read_in_one_way_or_refused(url: str) -> None:
    try:
        endpoint = Endpoint.parse(f"https://{url}")
    except RefusedAddressError:
        return
    again = Endpoint.parse(f"https://{endpoint.authority}{endpoint.target}")
    assert again == endpoint
