"""The ledger on the local disk and in a real server of Google's API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.failure import ConfigurationError
from tests.transforms.storage.fake_stores import FaultyProxy, faulty_proxy, google_server, make_bucket
from transforms.commit import ledger
from transforms.commit.ledger import (
    Status,
    committed_entries,
    list_statuses,
    read_status,
    save_snapshot,
    status_url,
    write_status,
)
from transforms.commit.ledger_index import Facts, LedgerIndex, entries_of, pack
from transforms.storage import files

_STATUS = Status(
    status="redacted_audio_ready",
    recording_id="call-1",
    redacted_audio_url="gs://public/audio/call-1.wav",
    output_identity="c0ffee",
    run_id="run-1",
    certificate={"source": {"size_bytes": 7, "version": "generation:7"}, "configuration": "abc"},
)
_FACTS = Facts("c0ffee", "7 generation:7", "abc")


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


def test_an_index_says_how_a_recording_stands_and_what_changed(tmp_path: Path) -> None:
    root = str(tmp_path)
    _write_many(root, 3)
    index = _index(root)
    assert index.standing("call-1", _FACTS) == "up_to_date"
    assert index.standing("call-9", _FACTS) == "new"
    changed = replace(_FACTS, output_identity="other")
    assert index.standing("call-1", changed) == "request"
    assert index.standing("call-1", replace(changed, configuration="other")) == "configuration"
    assert index.standing("call-1", replace(changed, source="8 generation:8")) == "source"


def test_what_changed_after_the_index_was_written_is_read_again(tmp_path: Path) -> None:
    root = str(tmp_path)
    _write_many(root, 3)
    save_snapshot(root)
    write_status(root, replace(_STATUS, recording_id="call-1", output_identity="done again"))
    write_status(root, replace(_STATUS, recording_id="call-3"))
    files.delete(status_url(root, "call-0"))
    index = _index(root)
    assert len(index) == 3
    assert index.standing("call-0", _FACTS) == "new"
    assert index.standing("call-1", _FACTS) == "request"
    assert index.standing("call-2", _FACTS) == index.standing("call-3", _FACTS) == "up_to_date"


@pytest.mark.parametrize("content", [b"", b"PAR1 but not really", None])
def test_a_damaged_index_or_one_of_another_version_costs_requests_alone(tmp_path: Path, content: bytes | None) -> None:
    _write_many(str(tmp_path), 3)
    if content is None:
        pq.write_table(pa.table({"name": ["call-1.json"]}), tmp_path / "other.parquet")
        content = (tmp_path / "other.parquet").read_bytes()
    files.write_bytes(str(tmp_path / "runs" / "ledger.parquet"), content)
    assert len(_index(str(tmp_path))) == 3


@given(st.lists(st.tuples(st.text(max_size=4), st.text(max_size=2)), unique_by=lambda pair: pair[0]), st.data())
def test_an_index_finds_what_it_holds_and_nothing_else(held: list[tuple[str, str]], data: st.DataObject) -> None:
    names, versions = [name for name, _ in held], [version for _, version in held]
    asked = data.draw(st.lists(st.sampled_from([*names, "another"])))
    index = LedgerIndex(entries_of(names, versions, [_FACTS] * len(names)))
    places = index.find(asked)
    assert [place >= 0 for place in places] == [name in names for name in asked]
    entries, found = index.known(names, [f"{version}!" if name < "m" else version for name, version in held])
    assert len(entries) == found.sum() == sum(name >= "m" for name in names)


def test_with_an_index_a_store_is_not_asked_for_each_recording(
    proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", proxy.url)
    root = make_bucket(proxy.url) + "/out"
    _write_many(root, 12)
    assert _requests(proxy, lambda: _index(root)) >= 12
    save_snapshot(root)
    assert _requests(proxy, lambda: _index(root)) <= 6


def test_what_a_run_committed_itself_is_indexed_without_reading(
    proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", proxy.url)
    root = make_bucket(proxy.url) + "/out"
    _write_many(root, 12)
    names = [f"call-{number}.json" for number in range(12)]
    committed = pack(entries_of(names, [""] * 12, [_FACTS] * 12))
    assert _requests(proxy, lambda: save_snapshot(root, [committed])) <= 6
    assert _requests(proxy, lambda: _index(root)) <= 6
    assert _index(root).standing("call-7", _FACTS) == "up_to_date"


def test_what_the_asking_run_committed_is_not_up_to_date(tmp_path: Path) -> None:
    write_status(str(tmp_path), _STATUS)

    def standing(run_id: str) -> str:
        entries = committed_entries(str(tmp_path), run_id)
        return LedgerIndex.unpacked(map(pack, entries)).standing(_STATUS.recording_id, _FACTS)

    assert standing("another") == "up_to_date"
    assert standing(_STATUS.run_id) not in ("up_to_date", "new")


def _index(root: str) -> LedgerIndex:
    return LedgerIndex.unpacked(pack(entries) for entries in committed_entries(root))


def _requests(proxy: FaultyProxy, work: Callable[[], object]) -> int:
    before = proxy.requests
    work()
    return proxy.requests - before


def _write_many(root: str, count: int) -> None:
    for number in range(count):
        write_status(root, replace(_STATUS, recording_id=f"call-{number}"))
