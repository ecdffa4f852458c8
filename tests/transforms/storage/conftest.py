"""Servers of Google's and Amazon's storage APIs, and proxies before them that misbehave."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.transforms.storage.fake_stores import (
    S3_CREDENTIALS,
    FaultyProxy,
    azure_credentials,
    azure_server,
    azurite,
    faulty_proxy,
    google_server,
    make_bucket,
    make_container,
    make_s3_bucket,
    s3_server,
)


@pytest.fixture(scope="session")
def google_url() -> Iterator[str]:
    with google_server() as url:
        yield url


@pytest.fixture
def bucket(google_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", google_url)
    return make_bucket(google_url)


@pytest.fixture
def proxy(bucket: str, google_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    with faulty_proxy(google_url) as proxy:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", proxy.url)
        yield proxy


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    with s3_server() as url:
        yield url


@pytest.fixture
def s3_bucket(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in {**S3_CREDENTIALS, "AWS_ENDPOINT_URL_S3": s3_url}.items():
        monkeypatch.setenv(name, value)
    return make_s3_bucket(s3_url)


@pytest.fixture(scope="session")
def azure_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if azurite() is None:
        pytest.skip("needs Azurite (make azurite)")
    with azure_server(tmp_path_factory.mktemp("azurite")) as url:
        yield url


@pytest.fixture
def azure_container(azure_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in azure_credentials(azure_url).items():
        monkeypatch.setenv(name, value)
    return make_container(azure_url)


@pytest.fixture
def azure_proxy(azure_container: str, azure_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    with faulty_proxy(azure_url) as proxy:
        for name, value in azure_credentials(proxy.url).items():
            monkeypatch.setenv(name, value)
        yield proxy


@pytest.fixture
def s3_proxy(s3_bucket: str, s3_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    with faulty_proxy(s3_url) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.url)
        yield proxy
