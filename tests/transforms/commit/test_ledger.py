"""The ledger on the local disk and in a real server of Google's API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from schemas.failure import ConfigurationError
from tests.transforms.storage.fake_stores import FaultyProxy, faulty_proxy, google_server, make_bucket
from transforms.commit import ledger
from transforms.commit.ledger import Status, list_statuses, read_status, save_snapshot, status_url, write_status
from transforms.storage import files

_STATUS = Status(
    status="redacted_audio_ready",
    recording_id="call-1",
    redacted_audio_url="gs://public/audio/call-1.wav",
    output_identity="c0ffee",
    run_id="run-1",
    certificate={"findings": 3},
)


@pytest.fixture(scope="module")
def proxy() -> Iterator[FaultyProxy]:
    with google_server() as url, faulty_proxy(url) as proxy:
        yield proxy


def test_a_status_object_begins_like_the_seed_answer_and_is_read_back(tmp_path: Path) -> None:
    assert read_status(str(tmp_path), "call-1") is None
    write_status(str(tmp_path), _STATUS)
    assert (tmp_path / "status" / "call-1.json").read_text().startswith('{\n "status": "redacted_audio_ready"')
    assert read_status(str(tmp_path), "call-1") == _STATUS


def test_an_id_that_leads_elsewhere_stays_in_the_root(tmp_path: Path) -> None:
    root = tmp_path / "out"
    status = replace(_STATUS, recording_id="../../maria gonzález")
    write_status(str(root), status)
    assert read_status(str(root), "../../maria gonzález") == status
    assert list_statuses(str(root)) == {"../../maria gonzález": status}
    assert [path.parent for path in tmp_path.rglob("*.json")] == [root / "status"]


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"status": "erased"}'])
def test_a_status_object_that_is_not_ours_ends_the_job(tmp_path: Path, content: bytes) -> None:
    files.write_bytes(status_url(str(tmp_path), "bad"), content)
    with pytest.raises(ConfigurationError, match="--output"):
        list_statuses(str(tmp_path))


def test_a_ledger_is_listed_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "_READ_AT_ONCE", 16)
    assert list_statuses(str(tmp_path)) == {}
    _write_many(str(tmp_path), 60)
    statuses = list_statuses(str(tmp_path))
    assert len(statuses) == 60
    assert statuses["call-59"] == replace(_STATUS, recording_id="call-59")


def test_what_changed_after_the_snapshot_is_read_again(tmp_path: Path) -> None:
    root = str(tmp_path)
    _write_many(root, 3)
    save_snapshot(root)
    write_status(root, replace(_STATUS, recording_id="call-1", run_id="run-2"))
    write_status(root, replace(_STATUS, recording_id="call-3"))
    files.delete(status_url(root, "call-0"))
    runs = {recording_id: status.run_id for recording_id, status in list_statuses(root).items()}
    assert runs == {"call-1": "run-2", "call-2": "run-1", "call-3": "run-1"}


def test_a_damaged_snapshot_costs_requests_alone(tmp_path: Path) -> None:
    _write_many(str(tmp_path), 3)
    files.write_bytes(str(tmp_path / "runs" / "ledger.parquet"), b"PAR1 but not really")
    assert len(list_statuses(str(tmp_path))) == 3


def test_with_a_snapshot_an_object_store_is_not_asked_for_each_recording(
    proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", proxy.url)
    root = make_bucket(proxy.url) + "/out"
    _write_many(root, 12)
    assert _requests_of_listing(root, proxy) >= 12
    save_snapshot(root)
    assert _requests_of_listing(root, proxy) <= 5


def _requests_of_listing(root: str, proxy: FaultyProxy) -> int:
    before = proxy.requests
    assert len(list_statuses(root)) == 12
    return proxy.requests - before


def _write_many(root: str, count: int) -> None:
    for number in range(count):
        write_status(root, replace(_STATUS, recording_id=f"call-{number}"))
