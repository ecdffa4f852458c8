"""The ledger on the local disk and in a real server of Google's API."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.archive import hash_ranges, ledger
from hushbeam.transforms.archive.ledger import (
    Status,
    check_is_a_ledger,
    committed_entries,
    entries_by_name,
    extend_snapshot,
    index_url,
    list_statuses,
    read_status,
    root_of_snapshot,
    save_snapshot,
    status_url,
    write_status,
)
from hushbeam.transforms.archive.ledger_index import (
    Entries,
    Facts,
    LedgerIndex,
    entries_of,
    pack,
    read_index,
    write_index,
)
from hushbeam.transforms.archive.published_files import audio_url, json_name
from hushbeam.transforms.storage import files, listing
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
_RATIO = ledger._LISTED_FOR_ONE_READ


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


def test_few_recordings_are_looked_up_by_name_and_many_in_a_listing(tmp_path: Path) -> None:
    root = str(tmp_path)
    _write_many(root, 2 * _RATIO)
    assert _by_name(root, "call-1") is None, "without an index, nobody knows how many there are"
    save_snapshot(root)
    assert _by_name(root, "call-1", "call-9") is not None
    assert _by_name(root, "call-1", "call-2", "call-3") is None
    assert _by_name(root, "call-1", share=0.5) is not None
    assert _by_name(root, "call-1", "call-2", share=0.5) is None
    taken: list[str] = []
    assert entries_by_name(root, None, _noting(taken)) is None
    assert len(taken) == 3, "no more names than it makes sense to read"


def test_a_look_up_by_name_finds_what_a_listing_finds(tmp_path: Path) -> None:
    root = str(tmp_path)
    _write_many(root, 5 * _RATIO)
    save_snapshot(root)
    write_status(root, _status_of("call-1", "beef"))
    write_status(root, _status_of("unlisted"))
    files.write_bytes(status_url(root, "call-2"), b"{}")
    files.write_bytes(status_url(root, "damaged"), b"{}")
    files.delete(status_url(root, "call-3"))
    asked = ("call-0", "call-1", "call-2", "call-3", "new")
    other = ("unlisted", "damaged", "call-4")
    listed = _index(root)
    for names in (asked, other):
        named = _by_name(root, *names)
        assert named is not None
        for name in names:
            assert named.reason(name, _FACTS) == listed.reason(name, _FACTS)
            assert named.has_traces(name) == listed.has_traces(name)
    assert not listed.has_traces("new")
    assert listed.has_traces("call-3")


def test_a_look_up_by_name_asks_a_store_no_more_when_the_archive_grows(
    proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "_PAGE", 4)  # a longer ledger takes more requests to list
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", proxy.url)
    root = make_bucket(proxy.url) + "/out"
    _write_many(root, 2 * _RATIO)
    save_snapshot(root)
    asked = _requests(proxy, lambda: _by_name(root, "call-1", "call-2"))
    _write_many(root, 3 * _RATIO)
    save_snapshot(root)
    assert _requests(proxy, lambda: _by_name(root, "call-1", "call-2")) == asked


def test_the_end_of_a_run_with_few_commits_asks_only_for_their_versions(
    proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "_PAGE", 4)  # a longer ledger takes more requests to list
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", proxy.url)
    root = make_bucket(proxy.url) + "/out"
    asked = []
    for number, before in enumerate((_RATIO, 2 * _RATIO)):
        _write_many(root, before)
        save_snapshot(root)
        write_status(root, _status_of(f"new-{number}"))
        names = [f"new-{number}.json"]
        committed = pack(entries_of(names, [""], [_FACTS]))
        asked.append(_requests(proxy, partial(extend_snapshot, root, [committed], names)))
    assert asked[0] == asked[1]
    assert len(_index(root)) == 2 * _RATIO + 2
    asked_then = _requests(proxy, lambda: _index(root))
    save_snapshot(root)
    assert _requests(proxy, lambda: _index(root)) == asked_then, "the listing showed the versions that the index has"


def test_the_index_after_a_run_with_few_commits_agrees_with_a_listing(tmp_path: Path) -> None:
    root = str(tmp_path)
    number = 3 * _RATIO
    _write_many(root, number)
    save_snapshot(root)
    write_status(root, _status_of("call-1"))
    write_status(root, _status_of("new"))
    files.delete(status_url(root, "call-5"))
    names = ["call-1.json", "new.json", "lost.json"]
    extend_snapshot(root, [pack(entries_of(names, [""] * 3, [_FACTS] * 3))], names)
    extended = read_index(index_url(root))
    assert root_of_snapshot(root) == root
    assert len(extended) == number + 2
    index = _index(root)
    assert index.reason("call-1", _FACTS) == index.reason("new", _FACTS) == "up_to_date"
    assert [index.has_traces(name) for name in ("call-5", "lost", "never")] == [True, True, False]
    save_snapshot(root)
    listed = read_index(index_url(root))
    there = extended.find(["new.json", *(f"call-{one}.json" for one in range(number) if one != 5)])
    assert np.array_equal(extended.entries[there], listed.entries[there])


def test_a_large_index_is_written_as_one_that_fits_into_memory(tmp_path: Path) -> None:
    entries = _made_up_entries(600_000)
    url = index_url(str(tmp_path))
    write_index(url, [entries[:1]], "root")  # pyarrow imports more when it is first used
    peak = _peak(lambda: write_index(url, (entries[start : start + 5000] for start in range(0, 600_000, 5000)), "root"))
    assert peak < 0.5 * entries.nbytes
    assert (tmp_path / "runs" / "ledger.parquet").read_bytes() == _written_at_once(entries, "root")


@pytest.mark.parametrize("number", [0, 1, 1 << 16, (1 << 17) + 1])
def test_an_index_of_any_size_has_the_same_bytes_in_whatever_parts_it_comes(tmp_path: Path, number: int) -> None:
    entries = _made_up_entries(number)
    write_index(index_url(str(tmp_path)), [entries[: number // 3], entries[number // 3 :]], "root")
    assert (tmp_path / "runs" / "ledger.parquet").read_bytes() == _written_at_once(entries, "root")
    assert np.array_equal(read_index(index_url(str(tmp_path))).entries, np.sort(entries, order="name"))


def test_entries_are_read_and_sorted_without_further_copies(tmp_path: Path) -> None:
    entries = _made_up_entries(600_000)
    url = index_url(str(tmp_path))
    write_index(url, [entries], "root")
    sizes = [len(index) for index in (read_index(url), LedgerIndex.unpacked([pack(entries[:9])]))]
    assert sizes == [600_000, 9]
    assert _peak(lambda: read_index(url)) < 1.7 * entries.nbytes
    packs = (pack(entries[start : start + 5000]) for start in range(0, 600_000, 5000))
    assert _peak(lambda: LedgerIndex.unpacked(packs)) < 1.7 * entries.nbytes


def test_the_index_of_a_large_archive_is_extended_without_holding_it(tmp_path: Path) -> None:
    root, names = str(tmp_path), [f"new-{number}.json" for number in range(3)]
    before = _made_up_entries(600_000)
    write_index(index_url(root), [before], root)
    for number in range(3):
        write_status(root, _status_of(f"new-{number}"))
    committed = [pack(entries_of(names, [""] * 3, [_FACTS] * 3))]
    assert _peak(lambda: extend_snapshot(root, committed, names)) < 0.5 * before.nbytes
    assert _peak(lambda: list(entries_by_name(root, None, names) or ())) < 0.5 * before.nbytes
    extended = read_index(index_url(root))
    assert len(extended) == 600_003
    assert (extended.find(names) >= 0).all()


def test_what_an_index_has_is_told_by_whole_names(tmp_path: Path) -> None:
    entries = _made_up_entries(400)
    entries["name"] %= 40  # several names whose digests begin alike
    held = np.arange(400) % 3 == 0
    assert np.array_equal(LedgerIndex(entries[held]).has(entries), held)
    assert not LedgerIndex(entries[:0]).has(entries).any()


@pytest.mark.parametrize("is_first_part", [True, False])
def test_an_index_that_turns_out_to_be_damaged_is_written_anew(tmp_path: Path, is_first_part: bool) -> None:
    root = str(tmp_path)
    names = [f"call-{number}.json" for number in range(3 * _RATIO)]
    _write_many(root, len(names))
    others = _made_up_entries(1 << 17)
    listed = np.concatenate([entries_of(names, [""] * len(names), [_FACTS] * len(names)), others])
    write_index(index_url(root), [listed], root)
    path = tmp_path / "runs" / "ledger.parquet"
    content = bytearray(path.read_bytes())
    start = 4 if is_first_part else pq.read_metadata(path).row_group(1).column(0).data_page_offset
    content[start : start + 64] = b"\xff" * 64
    path.write_bytes(content)
    assert root_of_snapshot(root) == root, "the end of the file is whole"
    assert len(read_index(index_url(root))) == 0
    assert len(_index(root)) == len(names)
    named = _by_name(root, "call-1", "never")
    assert named is not None
    assert (named.reason("call-1", _FACTS), named.has_traces("never")) == ("up_to_date", False)
    extend_snapshot(root, [pack(entries_of(["call-1.json"], [""], [_FACTS]))], ["call-1.json"])
    assert (read_index(index_url(root)).find(names) >= 0).all()
    assert len(read_index(index_url(root))) == len(names)


def test_an_archive_that_is_divided_on_the_disk_is_listed_as_a_small_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = str(tmp_path)
    _write_many(root, 300)
    save_snapshot(root)
    for number in range(0, 300, 7):
        write_status(root, _status_of(f"call-{number}", "beef"))
    files.delete(status_url(root, "call-1"))
    files.write_bytes(status_url(root, "call-2"), b"{}")
    files.delete(status_url(root, "call-3"))
    names = ["call-7.json", "call-8.json"]
    committed = [pack(entries_of(names, [""] * 2, [Facts("cafe", "", "")] * 2))]

    def written() -> bytes:
        before = (tmp_path / "runs" / "ledger.parquet").read_bytes()
        save_snapshot(root, committed, forgotten=["call-1"])
        after = (tmp_path / "runs" / "ledger.parquet").read_bytes()
        (tmp_path / "runs" / "ledger.parquet").write_bytes(before)
        return after

    in_memory = written()
    monkeypatch.setattr(hash_ranges, "_ROWS_IN_MEMORY", 8)
    monkeypatch.setattr(ledger, "_READ_AT_ONCE", 5)
    assert written() == in_memory
    files.write_bytes(index_url(root), in_memory)
    index = read_index(index_url(root))
    assert len(index) == 299
    assert [index.has_traces(f"call-{number}") for number in range(4)] == [True, False, True, True]
    assert index.reason("call-7", Facts("cafe", "", "")) == "up_to_date"
    assert index.reason("call-8", _FACTS) == "up_to_date", "the index has the version that is listed"


def test_a_moved_ledger_is_indexed_anew_at_the_end_of_a_run(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    _write_many(str(tmp_path / "one"), _RATIO)
    save_snapshot(str(tmp_path / "one"))
    moved = str((tmp_path / "one").rename(tmp_path / "two"))
    write_status(moved, _status_of("by hand"))
    extend_snapshot(moved, [], [])
    assert root_of_snapshot(moved) == moved
    assert len(read_index(index_url(moved))) == _RATIO + 1


def test_what_the_asking_run_committed_is_not_up_to_date(tmp_path: Path) -> None:
    write_status(str(tmp_path), _STATUS)

    def reason(run_id: str) -> str:
        entries = committed_entries(str(tmp_path), run_id)
        return LedgerIndex.unpacked(map(pack, entries)).reason(_STATUS.recording_id, _FACTS)

    assert reason("another") == "up_to_date"
    assert reason(_STATUS.run_id) not in ("up_to_date", "new")
    _write_many(str(tmp_path), _RATIO)
    save_snapshot(str(tmp_path))
    for run_id, is_known in (("another", True), (_STATUS.run_id, False)):
        named = _by_name(str(tmp_path), _STATUS.recording_id, run_id=run_id)
        assert named is not None
        assert (named.reason(_STATUS.recording_id, _FACTS) == "up_to_date") == is_known
        assert named.has_traces(_STATUS.recording_id)


def _index(root: str) -> LedgerIndex:
    return LedgerIndex.unpacked(pack(entries) for entries in committed_entries(root, None))


def _made_up_entries(number: int) -> Entries:
    entries = entries_of([""], [""], [_FACTS]).repeat(number)
    entries["name"] = np.random.default_rng(0).integers(0, 1 << 64, number, np.uint64)
    entries["name_rest"] = range(number)
    return entries


def _written_at_once(entries: Entries, root: str) -> bytes:
    """The content of an index of entries that are all in memory."""
    entries, sink = np.sort(entries, order="name"), pa.BufferOutputStream()
    columns = entries.dtype.names or ()
    fields = [pa.field(column, pa.uint64(), nullable=False) for column in columns]
    table = pa.table([pa.array(entries[column].copy()) for column in columns], pa.schema(fields, {b"root": root}))
    with pq.ParquetWriter(sink, table.schema, compression="none", use_dictionary=False) as writer:
        for start in range(0, len(entries), 1 << 16):
            writer.write_table(table.slice(start, 1 << 16))
    return bytes(sink.getvalue())


def _peak(work: Callable[[], object]) -> int:
    """The most bytes that Python's objects and arrays took during the work."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _noting(taken: list[str]) -> Iterator[str]:
    for number in range(99):
        taken.append(f"call-{number}.json")
        yield taken[-1]


def _by_name(root: str, *recording_ids: str, run_id: str | None = None, share: float = 1.0) -> LedgerIndex | None:
    entries = entries_by_name(root, run_id, map(json_name, recording_ids), share=share)
    return None if entries is None else LedgerIndex.unpacked(map(pack, entries))


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
