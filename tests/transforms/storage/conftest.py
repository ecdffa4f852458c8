from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.transforms.storage.fake_stores import FaultyProxy, faulty_proxy, google_server, make_bucket


@pytest.fixture(scope="session")
def google_url() -> Iterator[str]:
    with google_server() as url:
        yield url


@pytest.fixture
def bucket(google_url: str) -> str:
    return make_bucket(google_url)


@pytest.fixture
def proxy(google_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    with faulty_proxy(google_url) as proxy:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", proxy.url)
        yield proxy
