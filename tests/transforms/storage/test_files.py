"""Files on the local disk, in memory, and in a real server of Google's API."""

from __future__ import annotations

import hashlib
import os
import pickle
import stat
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gcsfs.core
import gcsfs.retry
import pytest

from hushbeam.schemas.errors import ConfigurationError, RecordingError
from hushbeam.schemas.media import SourceIdentity
from hushbeam.transforms.storage import files, listing
from hushbeam.transforms.storage.errors import AccessDeniedError, MissingFileError, SourceChangedError, StorageError
from hushbeam.transforms.storage.file_systems import storage_errors
from tests.transforms.storage.beginning_run import BeginningRun
from tests.transforms.storage.fake_stores import make_bucket


@pytest.fixture(params=["local", "memory", "gs", "s3", "az"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    match request.param:
        case "local":
            return str(tmp_path / "out")
        case "memory":
            return f"memory://{uuid.uuid4().hex}"
        case "s3":
            return f"{request.getfixturevalue('s3_bucket')}/out"
        case "az":
            return f"{request.getfixturevalue('azure_container')}/out"
        case _:
            return f"{make_bucket(request.getfixturevalue('google_url'))}/out"


def test_written_bytes_are_read_back(root: str) -> None:
    files.write_bytes(f"{root}/status/a.json", b"one")
    files.write_bytes(f"{root}/status/a.json", b"\xef\xbb\xbf{}")
    assert files.read_bytes(f"{root}/status/a.json") == b"\xef\xbb\xbf{}"
    assert files.read_text(f"{root}/status/a.json") == "{}"
    assert files.exists(f"{root}/status/a.json")


def test_a_file_that_is_not_text_is_an_error_without_its_content(root: str) -> None:
    files.write_bytes(f"{root}/a.csv", b"412-412\xff")
    with pytest.raises(StorageError) as caught:
        files.read_text(f"{root}/a.csv")
    assert "412" not in str(caught.value)


def test_create_succeeds_once_and_leaves_the_first_content(root: str) -> None:
    assert files.create(f"{root}/LOCK", b"run 1")
    assert not files.create(f"{root}/LOCK", b"run 2")
    assert files.read_bytes(f"{root}/LOCK") == b"run 1"


@pytest.mark.parametrize("root", ["local", "gs", "s3", "az"], indirect=True)
def test_one_of_many_simultaneous_creations_succeeds(root: str) -> None:
    barrier = threading.Barrier(8)

    def create(number: int) -> bool:
        barrier.wait()
        return files.create(f"{root}/LOCK", b"run %d" % number)

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(create, range(8)))
    assert sum(results) == 1
    assert files.read_bytes(f"{root}/LOCK") == b"run %d" % results.index(True)


@pytest.mark.parametrize("size", [0, 5, 6 * 2**20])
def test_an_uploaded_file_is_fetched_unchanged(root: str, tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    (tmp_path / "encoded").write_bytes(content)
    files.upload_file(tmp_path / "encoded", f"{root}/audio/a.wav")
    identity = files.stat(f"{root}/audio/a.wav")
    copy = files.fetch(f"{root}/audio/a.wav", tmp_path / "work", identity)
    assert copy.read_bytes() == content
    assert identity.size_bytes == size


def test_a_copy_is_private_and_its_name_says_nothing(bucket: str, tmp_path: Path) -> None:
    files.write_bytes(f"{bucket}/maria-gonzalez.wav", b"RIFF")
    copy = files.fetch(f"{bucket}/maria-gonzalez.wav", tmp_path / "work")
    assert "maria" not in str(copy)
    assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_a_local_source_is_not_copied(tmp_path: Path) -> None:
    source = tmp_path / "a b#1.wav"
    source.write_bytes(b"RIFF")
    assert files.fetch(str(source), tmp_path / "work") == source
    assert files.fetch(f"file://{tmp_path}/a%20b%231.wav", tmp_path / "work") == source
    assert not (tmp_path / "work").exists()


def test_a_source_that_was_replaced_is_told_from_the_planned_one(root: str, tmp_path: Path) -> None:
    files.write_bytes(f"{root}/a.wav", b"first")
    planned = files.stat(f"{root}/a.wav")
    files.write_bytes(f"{root}/a.wav", b"other")
    assert files.stat(f"{root}/a.wav") != planned
    with pytest.raises(SourceChangedError) as caught:
        files.fetch(f"{root}/a.wav", tmp_path / "work", planned)
    assert caught.value.retryable


def test_a_missing_file_is_an_error_of_the_recording_that_names_no_file(root: str, tmp_path: Path) -> None:
    location = f"{root}/maria-gonzalez-4124124124.wav"
    for operation in (files.stat, files.read_bytes, files.read_text, lambda url: files.fetch(url, tmp_path)):
        with pytest.raises(MissingFileError) as caught:
            operation(location)
        assert isinstance(caught.value, RecordingError)
        assert not caught.value.retryable
        assert "maria" not in str(caught.value)
        assert caught.value.__cause__ is None
    assert not files.exists(location)


@pytest.mark.parametrize("name", ["a?b.wav", "a#b.wav", "a%20b c.wav", "ü.wav"])
@pytest.mark.parametrize("root", ["gs", "s3", "az"], indirect=True)
def test_any_name_is_that_of_its_own_object(root: str, name: str, tmp_path: Path) -> None:
    url = f"{root}/{name}"
    files.write_bytes(url, name.encode())
    files.write_bytes(f"{root}/a", b"other")
    assert files.read_bytes(url) == name.encode()
    assert files.fetch(url, tmp_path).read_bytes() == name.encode()
    with files.open_read(url) as stream:
        assert stream.read() == name.encode()
    assert files.list_names(root) == sorted([name, "a"])
    files.delete(url)
    assert files.list_names(root) == ["a"]


def test_a_name_on_azure_that_looks_like_a_version_is_refused() -> None:
    with pytest.raises(StorageError, match="contains \\?versionid="):
        files.read_bytes("az://calls/a?versionid=1.wav")


def test_a_folder_is_not_a_file(root: str) -> None:
    files.write_bytes(f"{root}/calls/a.wav", b"RIFF")
    with pytest.raises(MissingFileError):
        files.stat(f"{root}/calls")


def test_listing_finds_every_file_below_in_order_with_its_version(root: str) -> None:
    for name in ("b.json", "a.json", "deep/c.json"):
        files.write_bytes(f"{root}/status/{name}", name.encode())
    files.write_bytes(f"{root}/status2/d.json", b"")
    listed = files.list_files(f"{root}/status")
    assert [file.name for file in listed] == ["a.json", "b.json", "deep/c.json"]
    assert [file.version for file in listed] == [files.stat(f"{root}/status/{file.name}").version for file in listed]
    assert listed[2].size_bytes == len("deep/c.json")
    assert files.list_names(f"{root}/status/") == ["a.json", "b.json", "deep/c.json"]
    assert files.list_files(f"{root}/nothing") == []


@pytest.mark.parametrize("root", ["gs", "s3", "az"], indirect=True)
def test_a_listing_of_many_pages_is_whole(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "_PAGE", 3)
    names = {f"{number:02}.json" for number in range(11)}
    for name in names:
        files.write_bytes(f"{root}/status/{name}", b"")
    found = [file.name for file in files.iterate_files(f"{root}/status")]
    assert len(found) == len(names)
    assert set(found) == names


def test_glob_gives_locations_in_order(root: str) -> None:
    for name in ("n2.jsonl", "n1.jsonl", "n1.csv", "deep/n3.jsonl"):
        files.write_bytes(f"{root}/{name}", b"")
    assert files.glob(f"{root}/*.jsonl") == [f"{root}/n1.jsonl", f"{root}/n2.jsonl"]
    assert files.glob(f"{root}/**/*.jsonl") == [f"{root}/deep/n3.jsonl", f"{root}/n1.jsonl", f"{root}/n2.jsonl"]
    assert files.glob(f"{root}/n1.csv") == [f"{root}/n1.csv"]
    assert files.glob(f"{root}/none*") == []


def test_a_name_with_brackets_matches_itself(root: str) -> None:
    files.write_bytes(f"{root}/calls[1].jsonl", b"")
    assert files.glob(f"{root}/calls[1].jsonl") == [f"{root}/calls[1].jsonl"]


def test_many_files_are_read_at_once_and_absent_ones_left_out(root: str) -> None:
    locations = [f"{root}/status/{number}.json" for number in range(20)]
    for number, location in enumerate(locations):
        files.write_bytes(location, str(number).encode())
    contents = files.read_many([*locations, f"{root}/status/none.json"])
    assert contents == {location: str(number).encode() for number, location in enumerate(locations)}
    assert files.read_many([]) == {}


def test_a_stream_is_read_line_by_line(root: str) -> None:
    files.write_bytes(f"{root}/calls.jsonl", b"one\ntwo\nthree")
    with files.open_read(f"{root}/calls.jsonl") as stream:
        assert list(stream) == [b"one\n", b"two\n", b"three"]
    with files.open_read(f"{root}/calls.jsonl") as stream:
        stream.seek(-5, os.SEEK_END)
        assert stream.read() == b"three"


def test_a_folder_of_a_model_is_fetched_with_its_names(root: str, tmp_path: Path) -> None:
    for name in ("model.bin", "vocabulary/tokens.json"):
        files.write_bytes(f"{root}/model/{name}", name.encode())
    folder = files.fetch_folder(f"{root}/model", tmp_path / "models")
    assert (folder / "model.bin").read_bytes() == b"model.bin"
    assert (folder / "vocabulary" / "tokens.json").read_bytes() == b"vocabulary/tokens.json"
    with pytest.raises(MissingFileError):
        files.fetch_folder(f"{root}/none", tmp_path / "models")


def test_deleting_removes(root: str) -> None:
    files.write_bytes(f"{root}/a", b"")
    files.delete(f"{root}/a")
    assert not files.exists(f"{root}/a")
    files.delete(f"{root}/a")


def test_many_files_are_removed_at_once_whatever_their_names(root: str) -> None:
    names = [*(f"{number}.json" for number in range(30)), "calls[1]*.json"]
    for name in [*names, "10", "kept.json"]:
        files.write_bytes(f"{root}/rows/{name}", b"")
    files.delete_many([f"{root}/rows/{name}" for name in [*names, "gone.json"]])
    files.delete_many([f"{root}/rows/gone.json"])
    files.delete_many([])
    assert files.list_names(f"{root}/rows") == ["10", "kept.json"]


def test_a_local_write_that_fails_leaves_the_old_content_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "audio" / "a.wav"
    files.write_bytes(str(target), b"old")
    with pytest.raises(MissingFileError):
        files.upload_file(tmp_path / "absent", str(target))
    assert target.read_bytes() == b"old"
    assert list(target.parent.iterdir()) == [target]


def test_a_file_where_a_folder_should_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "status").write_bytes(b"")
    for write in (files.write_bytes, files.create):
        with pytest.raises(StorageError) as caught:
            write(str(tmp_path / "status" / "a.json"), b"{}")
        assert not caught.value.retryable


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's device that is always full")
def test_a_full_disk_is_retryable() -> None:
    with pytest.raises(StorageError, match="full") as caught, storage_errors("/dev/full", "write"):
        Path("/dev/full").write_bytes(b"x")
    assert caught.value.retryable


@pytest.mark.permissions
def test_a_folder_that_may_not_be_read_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    closed = tmp_path / "status"
    closed.mkdir(mode=0o000)
    with pytest.raises(AccessDeniedError):
        files.list_files(str(tmp_path))


def test_a_named_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "call.wav")
    with pytest.raises(StorageError, match="regular"):
        files.fetch(str(tmp_path / "call.wav"), tmp_path / "work")


def test_incomplete_files_of_a_killed_run_are_hidden_and_can_be_removed(tmp_path: Path) -> None:
    files.write_bytes(str(tmp_path / "audio" / "a.wav"), b"")
    (tmp_path / "audio" / ".hushbeam-0123.tmp").write_bytes(b"half")
    assert files.list_names(str(tmp_path)) == ["audio/a.wav"]
    assert files.glob(str(tmp_path / "audio" / "*")) == [str(tmp_path / "audio" / "a.wav")]
    assert files.remove_incomplete(str(tmp_path)) == 1
    assert [path.name for path in (tmp_path / "audio").iterdir()] == ["a.wav"]


def test_only_a_write_that_needs_no_lock_is_repeated_when_another_run_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    BeginningRun(tmp_path, monkeypatch)
    files.undisturbed(lambda: files.write_bytes(str(tmp_path / "a"), b"whole"))
    BeginningRun(tmp_path, monkeypatch)
    with pytest.raises(MissingFileError):  # of a run that may have lost the lock to the other one
        files.write_bytes(str(tmp_path / "b"), b"whole")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"whole"}


def test_objects_carry_the_type_of_their_content(bucket: str) -> None:
    files.write_bytes(f"{bucket}/status/a.json", b"{}")
    details = gcsfs.core.GCSFileSystem(
        token="anon", endpoint_url=os.environ["STORAGE_EMULATOR_HOST"], use_listings_cache=False
    ).info(f"{bucket}/status/a.json")
    assert details["contentType"] == "application/json"


def test_a_store_that_does_not_answer_is_not_taken_for_an_absent_file(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_wait(_: float) -> None:
        return

    monkeypatch.setattr(gcsfs.retry.asyncio, "sleep", no_wait)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:9")
    with pytest.raises(StorageError) as caught:
        files.exists(f"{bucket}/a.wav")
    assert caught.value.retryable


def test_a_scheme_that_needs_another_package_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(ConfigurationError, match="s3"):
        files.stat("s3://bucket/a.wav")


@pytest.mark.parametrize("location", ["https://example.com/a.wav", "ftp://x/a", "hdfs://x/a", "", "a\0b", "gs:///a"])
def test_other_locations_are_refused(location: str) -> None:
    with pytest.raises(StorageError):
        files.stat(location)


def test_the_version_of_a_guessable_file_changes_with_it_and_is_no_checksum(root: str) -> None:
    url = f"{root}/transcript.json"
    files.write_bytes(url, b"4539")
    before = files.stat_guessable(url)
    assert files.stat_guessable(url) == before
    assert "etag" not in before.version or root.startswith("az://")  # Azure's tags are times
    assert hashlib.md5(b"4539", usedforsecurity=False).hexdigest() not in before.version
    assert (before.url, before.size_bytes) == (files.stat(url).url, 4)
    time.sleep(1.1)  # S3 counts whole seconds
    files.write_bytes(url, b"1488")
    assert files.stat_guessable(url) != before
    with pytest.raises(MissingFileError):
        files.stat_guessable(f"{root}/nothing.json")


def test_an_identity_shows_no_url_and_survives_json_and_pickle(tmp_path: Path) -> None:
    (tmp_path / "maria.wav").write_bytes(b"RIFF")
    identity = files.stat(str(tmp_path / "maria.wav"))
    assert "maria" not in repr(identity)
    assert SourceIdentity.from_dict(identity.to_dict()) == identity


def test_an_error_keeps_retryable_through_pickle() -> None:
    error = pickle.loads(pickle.dumps(StorageError("full", retryable=True)))
    assert error.retryable
    assert str(error) == "full"
