"""Signed URLs, checked as the stores check them: by the published rules of version 4 signatures."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.signing import UrlSigner, check_signing
from tests.transforms.storage.fake_stores import google_server, make_bucket

_ACCOUNT = "signer@calls.iam.gserviceaccount.com"
_AWS_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@pytest.fixture(scope="module")
def private_key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


@pytest.fixture
def service_account(private_key: RSAPrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials as Google gives them out, with a key of our own."""
    pem = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    content = {
        "type": "service_account",
        "project_id": "calls",
        "private_key_id": "1",
        "private_key": pem,
        "client_email": _ACCOUNT,
        "token_uri": "https://127.0.0.1:9/never-asked",
    }
    (tmp_path / "key.json").write_text(json.dumps(content))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)


def canonical_request(url: str, signature: str) -> bytes:
    """What a store computes from a request, by the rules that Google and AWS share."""
    split = urlsplit(url)
    query = sorted(pair for pair in parse_qsl(split.query, keep_blank_values=True) if pair[0] != signature)
    encoded = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query)
    return "\n".join(["GET", split.path, encoded, f"host:{split.netloc}", "", "host", "UNSIGNED-PAYLOAD"]).encode()


def string_to_sign(algorithm: str, query: dict[str, str], prefix: str, request: bytes) -> bytes:
    scope = query[f"{prefix}-Credential"].partition("/")[2]
    return "\n".join([algorithm, query[f"{prefix}-Date"], scope, hashlib.sha256(request).hexdigest()]).encode()


@pytest.mark.parametrize("name", ["audio/call-17.3f0c9a5be2d1.wav", "audio/a b~ü+1.wav"])
def test_google_would_accept_it(service_account: None, private_key: RSAPrivateKey, name: str) -> None:
    signed = UrlSigner().sign(f"gs://public/out/{name}", hours=1.5)
    split = urlsplit(signed)
    assert (split.scheme, split.netloc) == ("https", "storage.googleapis.com")
    assert split.path == f"/public/out/{quote(name)}"
    query = dict(parse_qsl(split.query))
    assert query["X-Goog-Expires"] == "5400"
    assert query["X-Goog-Credential"].startswith(f"{_ACCOUNT}/")
    made = datetime.strptime(query["X-Goog-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - made) < timedelta(minutes=1)
    said = string_to_sign("GOOG4-RSA-SHA256", query, "X-Goog", canonical_request(signed, "X-Goog-Signature"))
    private_key.public_key().verify(bytes.fromhex(query["X-Goog-Signature"]), said, PKCS1v15(), SHA256())


@pytest.fixture
def emulator(service_account: None) -> Iterator[str]:
    with google_server() as url:
        yield url


def test_a_server_of_googles_api_gives_the_object(emulator: str) -> None:
    recording = f"{make_bucket(emulator)}/out/audio/call 1.wav"
    files.write_bytes(recording, b"RIFF redacted")
    signed = UrlSigner().sign(recording, hours=1)
    # The server tells this API from its others by the name of the host.
    asked = urllib.request.Request(signed, headers={"Host": "storage.googleapis.com"})
    with urllib.request.urlopen(asked) as answer:
        assert answer.read() == b"RIFF redacted"


def test_aws_would_accept_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("s3fs")
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", _AWS_SECRET),
        ("AWS_DEFAULT_REGION", "eu-central-1"),
    ):
        monkeypatch.setenv(name, value)
    signed = UrlSigner().sign("s3://public/out/audio/call 1.wav", hours=24)
    query = dict(parse_qsl(urlsplit(signed).query))
    assert query["X-Amz-Expires"] == "86400"
    said = string_to_sign("AWS4-HMAC-SHA256", query, "X-Amz", canonical_request(signed, "X-Amz-Signature"))
    key = f"AWS4{_AWS_SECRET}".encode()
    for part in query["X-Amz-Credential"].split("/")[1:]:
        key = hmac.digest(key, part.encode(), "sha256")
    assert hmac.new(key, said, hashlib.sha256).hexdigest() == query["X-Amz-Signature"]


def test_signing_without_a_store_or_credentials_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match=r"gs://, s3:// or az://"):
        check_signing(str(tmp_path), 1.0)
    check_signing(str(tmp_path), None)
    person = {"type": "authorized_user", "client_id": "a", "client_secret": "b", "refresh_token": "c"}
    (tmp_path / "person.json").write_text(json.dumps(person))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "person.json"))
    with pytest.raises(ConfigurationError, match="service account"):
        check_signing("gs://public/out", 1.0)


def test_a_signed_url_does_not_reveal_the_key(service_account: None, private_key: RSAPrivateKey) -> None:
    signer = UrlSigner()
    signed = signer.sign("gs://public/out/audio/a.wav", 1.0)
    der = private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    assert base64.b64encode(der).decode()[60:100] not in f"{signed}{signer!r}"


def test_a_signed_azure_url_gives_the_blob_without_credentials(azure_container: str) -> None:
    url = f"{azure_container}/audio/a b.wav"
    files.write_bytes(url, b"RIFF")
    signed = UrlSigner().sign(url, 1)
    with urllib.request.urlopen(signed, timeout=30) as answer:
        assert answer.read() == b"RIFF"
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(signed.partition("?")[0], timeout=30)


def test_an_azure_account_without_its_key_cannot_sign(azure_container: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", "")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "somebody")
    with pytest.raises(ConfigurationError, match="signed with the account's key only"):
        UrlSigner().sign(f"{azure_container}/audio/a.wav", 1)
