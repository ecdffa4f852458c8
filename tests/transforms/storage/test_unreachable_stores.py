"""A store that cannot be reached delays the first recording by seconds, and later ones not at all for a minute."""

from __future__ import annotations

import socket
import time

import pytest

from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import StorageError
from hushbeam.transforms.storage.file_systems import _Unreachable
from tests.transforms.storage.fake_stores import azure_credentials


@pytest.fixture
def nobody() -> str:
    """An address at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.mark.parametrize("scheme", ["gs", "s3", "az"])
def test_only_the_first_recording_waits_for_a_dead_endpoint(
    scheme: str, nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", nobody)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", nobody)
    for name, value in azure_credentials(nobody).items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "anybody")
    waited = []
    for number in range(4):
        started = time.monotonic()
        with pytest.raises(StorageError, match=r"^the store (gs|s3|az):// cannot be reached") as caught:
            files.stat(f"{scheme}://maria-{scheme}/call-{number}.wav")
        waited.append(time.monotonic() - started)
        assert caught.value.retryable
        assert "maria" not in str(caught.value)
    # The first one tries again, and the others do not try at all.
    assert max(waited[1:]) < waited[0] / 10


def test_a_bucket_is_asked_again_after_a_while_and_others_always() -> None:
    clock = [100.0]
    unreachable = _Unreachable(lambda: clock[0])
    unreachable.add("gs://gone/a.wav")
    unreachable.check("gs://there/a.wav")
    unreachable.check("s3://gone/a.wav")
    unreachable.check("/gone/a.wav")
    with pytest.raises(StorageError):
        unreachable.check("gs://gone/b.wav")
    clock[0] += 61
    unreachable.check("gs://gone/b.wav")
