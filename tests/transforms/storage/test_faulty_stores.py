"""Stores that are overloaded, truncate or lose answers, or replace objects during a request."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from hushbeam.transforms.storage import files, object_stores
from hushbeam.transforms.storage.errors import AccessDeniedError, MissingFileError, SourceChangedError, StorageError
from hushbeam.transforms.storage.listing import details_of
from tests.transforms.storage.fake_stores import FaultyProxy


class Store(NamedTuple):
    bucket: str
    proxy: FaultyProxy


@pytest.fixture(params=["gs", "s3", "az"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "gs":
        return Store(request.getfixturevalue("bucket"), request.getfixturevalue("proxy"))
    if request.param == "az":
        return Store(request.getfixturevalue("azure_container"), request.getfixturevalue("azure_proxy"))
    return Store(request.getfixturevalue("s3_bucket"), request.getfixturevalue("s3_proxy"))


@pytest.mark.parametrize("fault", [429, 503, "dropped"])
def test_overload_and_lost_connections_are_waited_out(store: Store, fault: int | str) -> None:
    store.proxy.faults = [fault]
    files.write_bytes(f"{store.bucket}/a.wav", b"RIFF")
    store.proxy.faults = [fault]
    assert files.read_bytes(f"{store.bucket}/a.wav") == b"RIFF"
    store.proxy.faults = [fault]
    assert files.list_names(store.bucket) == ["a.wav"]
    assert not store.proxy.faults
    assert store.proxy.failed == 3


def test_an_answer_cut_short_about_a_missing_file_is_asked_for_again(store: Store) -> None:
    store.proxy.faults = ["short"]
    with pytest.raises(MissingFileError):
        files.read_bytes(f"{store.bucket}/missing.wav")
    assert not store.proxy.faults


@pytest.mark.parametrize("store", ["gs", "s3"], indirect=True)  # Azure's client has its own limit, a minute
def test_a_store_that_stops_answering_is_asked_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_stores, "_SILENCE_S", 1)
    store.proxy.silence_s = 4.0
    files.write_bytes(f"{store.bucket}/a.wav", b"RIFF")
    store.proxy.faults = ["silent"]
    started = time.monotonic()
    assert files.read_bytes(f"{store.bucket}/a.wav") == b"RIFF"
    assert store.proxy.failed == 1
    assert time.monotonic() - started < store.proxy.silence_s


def test_an_answer_cut_short_is_read_again(store: Store, tmp_path: Path) -> None:
    content = os.urandom(1 << 20)
    files.write_bytes(f"{store.bucket}/a.wav", content)
    identity = files.stat(f"{store.bucket}/a.wav")
    store.proxy.faults = ["short", "short", "short"]
    assert files.fetch(f"{store.bucket}/a.wav", tmp_path / "work", identity).read_bytes() == content
    assert not store.proxy.faults


def test_damaged_bytes_are_read_again(bucket: str, proxy: FaultyProxy, tmp_path: Path) -> None:
    # Google keeps a checksum of every object; S3's are checked by its client, where it has one.
    content = os.urandom(1000)
    files.write_bytes(f"{bucket}/a.wav", content)
    proxy.damaged_downloads = 1
    assert files.fetch(f"{bucket}/a.wav", tmp_path / "work").read_bytes() == content
    assert proxy.damaged_downloads == 0
    proxy.damaged_downloads = 3
    with pytest.raises(StorageError, match="differ from those stored") as caught:
        files.fetch(f"{bucket}/a.wav", tmp_path / "work")
    assert caught.value.retryable
    assert len(list((tmp_path / "work").iterdir())) == 1


def test_a_source_that_is_replaced_during_the_copy_is_not_used(store: Store, tmp_path: Path) -> None:
    url = f"{store.bucket}/a.wav"
    files.write_bytes(url, b"first")
    planned = files.stat(url)
    store.proxy.after_download = lambda _: files.write_bytes(url, b"other")
    with pytest.raises(SourceChangedError) as caught:
        files.fetch(url, tmp_path / "work", planned)
    assert caught.value.retryable
    assert list((tmp_path / "work").iterdir()) == []


def test_a_stream_is_of_one_version(store: Store) -> None:
    url = f"{store.bucket}/a.wav"
    files.write_bytes(url, b"1" * (12 << 20))
    with files.open_read(url) as stream:
        assert stream.read(10) == b"1" * 10
        files.write_bytes(url, b"2" * (12 << 20))
        stream.seek(-10, os.SEEK_END)
        with pytest.raises(SourceChangedError) as caught:
            stream.read(10)
    assert caught.value.retryable


def test_a_header_is_read_without_the_rest(store: Store) -> None:
    files.write_bytes(f"{store.bucket}/a.wav", b"RIFF" + bytes(24 << 20))
    before = store.proxy.bytes_sent
    with files.open_read(f"{store.bucket}/a.wav") as stream:
        assert stream.read(4) == b"RIFF"
    assert store.proxy.bytes_sent - before < 8 << 20


def test_a_creation_whose_answer_was_lost_counts_as_created(store: Store) -> None:
    store.proxy.faults = ["lost"]
    assert files.create(f"{store.bucket}/LOCK", b"run 1, token 7")
    assert not files.create(f"{store.bucket}/LOCK", b"run 2, token 8")


def test_a_creation_is_conditional_in_the_store(store: Store) -> None:
    files.create(f"{store.bucket}/LOCK", b"run 1, token 7")
    conditional = [
        "ifGenerationMatch=0" in asked.path or asked.headers.get("if-none-match") == "*" for asked in store.proxy.asked
    ]
    assert sum(conditional) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_forbidden_is_final_and_names_the_kind_of_store_alone(store: Store, status: int) -> None:
    store.proxy.faults = [status] * 20
    with pytest.raises(AccessDeniedError) as caught:
        files.read_bytes(f"{store.bucket}/maria.wav")
    assert f"on the store {store.bucket.partition('://')[0]}://: check its permissions and the credentials" in str(
        caught.value
    )
    assert store.bucket.rpartition("/")[2] not in str(caught.value)
    assert "maria" not in str(caught.value)
    assert not caught.value.retryable
    assert len(store.proxy.faults) > 15


def test_no_library_logs_the_name_of_an_object(store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    url = f"{store.bucket}/maria.wav"
    for fault in (503, "dropped", "short"):
        store.proxy.faults = [fault]
        files.write_bytes(url, b"RIFF")
        store.proxy.faults = [fault]
        files.fetch(url, tmp_path)
    store.proxy.faults = [403] * 20
    with pytest.raises(AccessDeniedError):
        files.fetch(url, tmp_path)
    assert "maria" not in caplog.text


@pytest.mark.parametrize("store", ["gs", "s3"], indirect=True)
def test_other_settings_of_a_store_come_from_the_environment(store: Store) -> None:
    given = {
        "FSSPEC_GS_REQUESTER_PAYS": "payer",
        "FSSPEC_S3_S3_ADDITIONAL_KWARGS": '{"ServerSideEncryption": "AES256"}',
    }
    write = "import sys; from hushbeam.transforms.storage import files; files.write_bytes(sys.argv[1], b'RIFF')"
    command = [sys.executable, "-c", write, f"{store.bucket}/a.wav"]
    subprocess.run(command, env=os.environ | given, check=True, timeout=120)
    assert store.proxy.asked
    for asked in store.proxy.asked:
        encrypted = asked.headers.get("x-amz-server-side-encryption") == "AES256"
        assert "userProject=payer" in asked.path or encrypted


def test_a_stat_takes_one_request_and_a_copy_three(store: Store, tmp_path: Path) -> None:
    url = f"{store.bucket}/calls/a.wav"
    files.write_bytes(url, b"RIFF" * 100)
    before = store.proxy.requests
    identity = files.stat(url)
    assert store.proxy.requests - before == 1
    files.fetch(url, tmp_path, identity)
    assert store.proxy.requests - before == 1 + 3


def test_a_generation_that_is_gone_is_a_source_that_was_replaced(
    bucket: str, proxy: FaultyProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{bucket}/a.wav"
    files.write_bytes(url, b"first")
    planned, looked_at = files.stat(url), details_of(url)
    files.write_bytes(url, b"other")
    monkeypatch.setattr(files, "details_of", lambda _: looked_at)
    with pytest.raises(SourceChangedError) as caught:
        files.fetch(url, tmp_path, planned)
    assert caught.value.retryable
    assert list(tmp_path.iterdir()) == []
