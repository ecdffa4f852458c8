"""What is told of a bucket that does not exist, and of credentials that are missing or do not open one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.access import check_access
from hushbeam.transforms.storage.errors import StorageError
from tests.transforms.storage.fake_stores import FaultyProxy, azure_credentials


def test_a_bucket_that_opens_is_asked_for_one_name_however_much_it_holds(s3_bucket: str, s3_proxy: FaultyProxy) -> None:
    for number in range(3):
        files.write_bytes(f"{s3_bucket}/out/runs/{number}/summary.json", b"{}")
    s3_proxy.asked.clear()
    check_access(f"{s3_bucket}/out")
    (asked,) = s3_proxy.asked
    assert "prefix=out%2Fruns%2FLOCK%2F" in asked.path


@pytest.mark.parametrize(
    ("fixture", "noun"), [("bucket", "bucket"), ("s3_bucket", "bucket"), ("azure_container", "container")]
)
def test_a_bucket_that_does_not_exist_is_named(fixture: str, noun: str, request: pytest.FixtureRequest) -> None:
    there: str = request.getfixturevalue(fixture)
    check_access(there)
    check_access(f"{there}/new/folder")
    with pytest.raises(ConfigurationError) as caught:
        check_access(f"{there}-mistyped/out")
    assert str(caught.value) == f"there is no {noun} {there}-mistyped; make it, or correct the name"


def test_s3_without_credentials_says_where_they_go(
    s3_bucket: str, s3_proxy: FaultyProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(ConfigurationError, match=r"^no usable credentials for s3:// were found; set AWS_PROFILE"):
        check_access(s3_bucket)
    assert not s3_proxy.asked


def test_a_profile_of_aws_that_does_not_exist_is_no_fault_of_the_store(
    s3_bucket: str, s3_proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mistyped")
    with pytest.raises(ConfigurationError, match=r"^no usable credentials for s3:// were found; set AWS_PROFILE"):
        check_access(s3_bucket)


def test_s3_credentials_that_are_refused_are_told_from_missing_ones(s3_bucket: str, s3_proxy: FaultyProxy) -> None:
    s3_proxy.faults = [403]
    with pytest.raises(ConfigurationError, match=rf"^the credentials do not open the bucket {s3_bucket}; .*ListBucket"):
        check_access(f"{s3_bucket}/out")


def test_google_credentials_that_are_refused_are_told_from_missing_ones(bucket: str, proxy: FaultyProxy) -> None:
    proxy.faults = [403]
    with pytest.raises(ConfigurationError, match=rf"^the credentials do not open the bucket {bucket}; .*Object User"):
        check_access(f"{bucket}/out")


def test_google_without_credentials_says_where_they_come_from(bucket: str, proxy: FaultyProxy, tmp_path: Path) -> None:
    # In a process of its own: the library reads its variables when it is imported.
    environment = {name: value for name, value in os.environ.items() if name != "STORAGE_EMULATOR_HOST"}
    environment |= {
        "FSSPEC_GS_ENDPOINT_URL": proxy.url,
        "FSSPEC_GS_TOKEN": "anon",
        "GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "missing.json"),
    }
    proxy.faults = [401]
    command = [sys.executable, "-m", "hushbeam", "audit", "--output", f"{bucket}/out"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    said = " ".join((done.stdout + done.stderr).split())
    assert "error: --output: no usable credentials for gs:// were found; run gcloud auth application-default" in said
    assert done.returncode == 2
    assert proxy.failed == 1


def test_a_wrong_key_of_azure_is_told(
    azure_container: str, azure_proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = azure_credentials(azure_proxy.url)["AZURE_STORAGE_CONNECTION_STRING"]
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", right.replace("AccountKey=Eby8", "AccountKey=Abc8"))
    with pytest.raises(
        ConfigurationError,
        match=rf"^the credentials do not open the container {azure_container}; check AZURE_STORAGE_CONNECTION_STRING",
    ):
        check_access(f"{azure_container}/out")


@pytest.mark.parametrize(("fixture", "proxy_name"), [("bucket", "proxy"), ("s3_bucket", "s3_proxy")])
def test_a_store_that_fails_for_a_moment_is_waited_for(
    fixture: str, proxy_name: str, request: pytest.FixtureRequest
) -> None:
    proxy: FaultyProxy = request.getfixturevalue(proxy_name)
    proxy.faults = [503, "dropped"]
    check_access(f"{request.getfixturevalue(fixture)}/out")
    assert proxy.failed == 2


def test_a_store_that_does_not_answer_is_not_a_wrong_option(
    s3_bucket: str, s3_proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3_proxy.shutdown()
    s3_proxy.server_close()
    with pytest.raises(StorageError, match=r"^the store s3:// cannot be reached") as caught:
        check_access(s3_bucket)
    assert caught.value.retryable
