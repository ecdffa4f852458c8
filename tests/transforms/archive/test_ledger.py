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

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.archive import ledger
from hushbeam.transforms.archive.ledger import (
    Status,
    check_is_a_ledger,
    committed_entries,
    list_statuses,
    read_status,
    root_of_snapshot,
    save_snapshot,
    status_url,
    write_status,
)
from hushbeam.transforms.archive.ledger_index import Facts, LedgerIndex, entries_of, pack
from hushbeam.transforms.archive.published_files import audio_url
from hushbeam.transforms.storage import files
from tests.transforms.storage.fake_stores import FaultyProxy, faulty_proxy, google_server, make_bucket

_STATUS = Status(
    status="redacted_audio_ready",
    recording_id="call-1",
    redacted_audio_url="gs://public/audio/call-1.c0ffee.wav",
    output_identity="c0ffee",
    run_id="run-1",
    certificate={"source": {"size_bytes": 7, "version": "generation:7"}, "configuration_id": "abc"},
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
    status = _status_of("../../maria gonzález")
    write_status(str(root), status)
    assert read_status(str(root), "../../maria gonzález") == status
    assert list_statuses(str(root)) == {"../../maria gonzález": status}
    assert [path.parent for path in tmp_path.rglob("*.json")] == [root / "status"]


_NO_STATUS_OBJECTS = (
    b"",
    b"[]",
    b"{}",
    b"null",
    b"\xff",
    bytes(range(256)),
    b"[" * 100_000,
    b'{"status": "erased"}',
    _STATUS.to_json()[:-20],
    *(
        replace(_STATUS, **change).to_json()
        for change in (
            {"recording_id": "call-2"},
            {"recording_id": ""},
            {"status": "published"},
            {"redacted_audio_url": None},
            {"redacted_audio_url": "/etc/passwd"},
            {"redacted_audio_url": "gs://public/audio/../audio/call-2.c0ffee.wav"},
            {"redacted_audio_url": "gs://public/audio/call-1.c0ffee.wav/../x"},
            {"output_identity": "../../../x"},
            {"output_identity": 7},
            {"run_id": "../.."},
            {"run_id": None},
            {"certificate": [1]},
            {"error": 7},
        )
    ),
    _STATUS.to_json().replace(b'"call-1"', b'"call-1", "more": 1'),
    _STATUS.to_json().replace(b'"abc"', rb'"\ud800"'),
)


@pytest.mark.parametrize("content", _NO_STATUS_OBJECTS)
def test_a_file_that_is_not_a_status_object_is_logged_and_its_recording_is_new(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    root = str(tmp_path)
    files.write_bytes(status_url(root, "call-1"), content)
    write_status(root, _status_of("call-3"))
    assert list(list_statuses(root)) == ["call-3"]
    assert read_status(root, "call-1") is None
    assert "status/call-1.json" in caplog.text
    index = _index(root)
    assert index.reason("call-1", _FACTS) == "new"
    assert index.has_traces("call-1")
    save_snapshot(root)
    assert _index(root).has_traces("call-1")


def test_the_status_object_of_one_recording_is_never_that_of_another(tmp_path: Path) -> None:
    root = str(tmp_path)
    files.write_bytes(status_url(root, "call-2"), _STATUS.to_json())
    assert read_status(root, "call-1") is None
    assert read_status(root, "call-2") is None
    assert _index(root).reason("call-1", _FACTS) == _index(root).reason("call-2", _FACTS) == "new"


def test_a_status_folder_without_status_objects_is_refused(tmp_path: Path) -> None:
    root = str(tmp_path)
    check_is_a_ledger(root)
    (tmp_path / "status").mkdir()
    (tmp_path / "status" / "monday.json").write_text("{}")
    with pytest.raises(ConfigurationError, match=r"--output.*status/monday\.json"):
        check_is_a_ledger(root)
    write_status(root, _STATUS)
    check_is_a_ledger(root)


def test_the_index_remembers_deleted_status_objects(tmp_path: Path) -> None:
    root = str(tmp_path)
    _write_many(root, 3)
    save_snapshot(root)
    for name in ("call-0", "call-1"):
        files.delete(status_url(root, name))
    save_snapshot(root, forgotten=["call-1"])
    save_snapshot(root)
    index = _index(root)
    assert index.reason("call-0", _FACTS) == index.reason("call-1", _FACTS) == "new"
    assert [index.has_traces(name) for name in ("call-0", "call-1", "call-2", "call-9")] == [True, False, True, False]
    write_status(root, _status_of("call-0"))
    assert _index(root).reason("call-0", _FACTS) == "up_to_date"


def test_the_index_names_its_root(tmp_path: Path) -> None:
    assert root_of_snapshot(str(tmp_path)) is None
    save_snapshot(str(tmp_path), of_the_same_root=True)
    assert not list(tmp_path.iterdir()), "nobody knows of which root it would be"
    save_snapshot(str(tmp_path))
    assert root_of_snapshot(str(tmp_path)) == str(tmp_path)
    moved = str(tmp_path.rename(tmp_path.with_name("moved")))
    save_snapshot(moved, of_the_same_root=True)
    assert root_of_snapshot(moved) == str(tmp_path)
    save_snapshot(moved)
    assert root_of_snapshot(moved) == moved


def test_a_ledger_is_listed_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "_READ_AT_ONCE", 16)
    assert list_statuses(str(tmp_path)) == {}
    _write_many(str(tmp_path), 60)
    statuses = list_statuses(str(tmp_path))
    assert len(statuses) == 60
    assert statuses["call-59"] == _status_of("call-59")


def test_an_index_gives_the_reason_to_redact_a_recording(tmp_path: Path) -> None:
    root = str(tmp_path)
    _write_many(root, 3)
    index = _index(root)
    assert index.reason("call-1", _FACTS) == "up_to_date"
    assert index.reason("call-9", _FACTS) == "new"
    changed = replace(_FACTS, output_identity="other")
    assert index.reason("call-1", changed) == "request"
    assert index.reason("call-1", replace(changed, configuration="other")) == "configuration"
    assert index.reason("call-1", replace(changed, source="8 generation:8")) == "source"


def test_what_changed_after_the_index_was_written_is_read_again(tmp_path: Path) -> None:
    root = str(tmp_path)
    _write_many(root, 3)
    save_snapshot(root)
    write_status(root, _status_of("call-1", "beef"))
    write_status(root, _status_of("call-3"))
    files.delete(status_url(root, "call-0"))
    index = _index(root)
    assert len(index) == 4
    assert index.reason("call-0", _FACTS) == "new"
    assert index.reason("call-1", _FACTS) == "request"
    assert index.reason("call-2", _FACTS) == index.reason("call-3", _FACTS) == "up_to_date"


@pytest.mark.parametrize("content", [b"", b"PAR1 but not really", None])
def test_a_damaged_index_or_one_of_another_version_only_costs_requests(tmp_path: Path, content: bytes | None) -> None:
    _write_many(str(tmp_path), 3)
    if content is None:
        pq.write_table(pa.table({"name": ["call-1.json"]}), tmp_path / "other.parquet")
        content = (tmp_path / "other.parquet").read_bytes()
    files.write_bytes(str(tmp_path / "runs" / "ledger.parquet"), content)
    assert len(_index(str(tmp_path))) == 3


@given(st.lists(st.tuples(st.text(max_size=4), st.text(max_size=2)), unique_by=lambda pair: pair[0]), st.data())
def test_an_index_finds_its_own_entries_and_no_others(held: list[tuple[str, str]], data: st.DataObject) -> None:
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
    assert _index(root).reason("call-7", _FACTS) == "up_to_date"


def test_what_the_asking_run_committed_is_not_up_to_date(tmp_path: Path) -> None:
    write_status(str(tmp_path), _STATUS)

    def reason(run_id: str) -> str:
        entries = committed_entries(str(tmp_path), run_id)
        return LedgerIndex.unpacked(map(pack, entries)).reason(_STATUS.recording_id, _FACTS)

    assert reason("another") == "up_to_date"
    assert reason(_STATUS.run_id) not in ("up_to_date", "new")


def _index(root: str) -> LedgerIndex:
    return LedgerIndex.unpacked(pack(entries) for entries in committed_entries(root, None))


def _requests(proxy: FaultyProxy, work: Callable[[], object]) -> int:
    before = proxy.requests
    work()
    return proxy.requests - before


def _write_many(root: str, count: int) -> None:
    for number in range(count):
        write_status(root, _status_of(f"call-{number}"))


def _status_of(recording_id: str, identity: str = "c0ffee") -> Status:
    url = audio_url("gs://public", recording_id, identity, ".wav")
    return replace(_STATUS, recording_id=recording_id, redacted_audio_url=url, output_identity=identity)
