"""Changes to table files of earlier runs."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.transforms.archive.tables import change
from hushbeam.transforms.archive.tables.change import Tables
from hushbeam.transforms.archive.tables.earlier_runs import read_earlier_runs
from hushbeam.transforms.archive.tables.file_entry import FileEntry
from hushbeam.transforms.archive.tables.file_lists import (
    RunFiles,
    read_run_files,
    write_run_files,
)
from hushbeam.transforms.archive.tables.layout import TABLES
from hushbeam.transforms.archive.tables.read import table_files


def write(path: Path, ids: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"recording_id": pa.array(ids, pa.string()), "n": range(len(ids))}), path, row_group_size=2)


def ids(path: Path) -> list[str]:
    return pq.read_table(path)["recording_id"].to_pylist()


@given(
    rows=st.lists(st.sampled_from("abcdef"), max_size=12),
    dropped=st.frozensets(st.sampled_from("abcxyz"), max_size=4),
)
def test_only_rows_of_the_named_recordings_are_removed(
    tmp_path_factory, rows: list[str], dropped: frozenset[str]
) -> None:
    table = tmp_path_factory.mktemp("output") / "transcripts"
    path = table / "run_date=2026-11-29" / "old-0000.parquet"
    write(path, rows)
    kept = [name for name in rows if name not in dropped]
    assert Tables(str(table.parent), None).drop_recordings("transcripts", dropped) == len(rows) - len(kept)
    left = list(table.rglob("*.parquet"))
    if len(kept) == len(rows):
        assert left == [path]
        assert ids(path) == kept
    elif kept:
        assert left == [path.with_name("old-0000.v2.parquet")]
        assert ids(left[0]) == kept
    else:
        assert not left


def test_a_file_without_the_recordings_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "transcripts/run_date=2026-11-29/old-0000.parquet"
    write(path, ["a", "b"])
    before = path.stat()
    assert Tables(str(tmp_path), None).drop_recordings("transcripts", frozenset({"c"})) == 0
    assert path.stat().st_ino == before.st_ino


def test_a_name_never_changes_its_content(tmp_path: Path) -> None:
    folder = tmp_path / "transcripts/run_date=2026-11-29"
    write(folder / "old-0000.parquet", ["a", "b", "c"])
    tables = Tables(str(tmp_path), None)
    for dropped, version in (("a", 2), ("b", 3)):
        tables.drop_recordings("transcripts", frozenset(dropped))
        assert [path.name for path in folder.iterdir()] == [f"old-0000.v{version}.parquet"]
    assert ids(folder / "old-0000.v3.parquet") == ["c"]
    names = [f"transcripts/run_date=2026-11-29/old-0000{version}.parquet" for version in ("", ".v2", ".v3")]
    assert tables.replaced == {names[0]: names[1], names[1]: names[2]}
    tables.drop_recordings("transcripts", frozenset("c"))
    assert tables.replaced[names[2]] is None


def test_an_erasure_that_was_killed_between_both_files_is_completed(tmp_path: Path) -> None:
    folder = tmp_path / "transcripts/run_date=2026-11-29"
    write(folder / "old-0000.parquet", ["a", "b"])
    write(folder / "old-0000.v2.parquet", ["b"])
    assert table_files(str(tmp_path), "transcripts") == [str(folder / "old-0000.v2.parquet")]
    assert Tables(str(tmp_path), None).drop_recordings("transcripts", frozenset("a")) == 0
    assert [path.name for path in folder.iterdir()] == ["old-0000.v2.parquet"]


def test_only_files_of_the_named_runs_change(tmp_path: Path) -> None:
    for run in ("old", "new"):
        write(tmp_path / f"transcripts/run_date=2026-11-29/{run}-0000.parquet", ["a", "b"])
    assert Tables(str(tmp_path), None).drop_recordings("transcripts", frozenset({"a"}), of_runs={"old"}) == 1
    assert ids(tmp_path / "transcripts/run_date=2026-11-29/old-0000.v2.parquet") == ["b"]
    assert ids(tmp_path / "transcripts/run_date=2026-11-29/new-0000.parquet") == ["a", "b"]


def test_without_a_table_there_is_nothing_to_drop(tmp_path: Path) -> None:
    assert Tables(str(tmp_path), None).drop_recordings("transcripts", frozenset({"a"})) == 0


def clear(output: Path, run_id: str, *done: str) -> None:
    Tables(str(output), None).clear_unfinished(run_id, read_earlier_runs(str(output), None), done)


def test_tables_of_a_killed_run_are_removed_except_notifications(tmp_path: Path) -> None:
    for table in TABLES:
        for run in ("ended", "killed", "this"):
            write(tmp_path / table / f"run_date=2026-11-29/{run}-0000.parquet", ["a", "b"])
    for run in ("ended", "this"):
        (tmp_path / "runs" / run).mkdir(parents=True)
    (tmp_path / "runs/ended/summary.json").write_text("{}")
    clear(tmp_path, "this", "a", "b")
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("killed-*")}
    assert left == {"notifications/run_date=2026-11-29/killed-0000.parquet"}
    assert len(list(tmp_path.rglob("*.parquet"))) == 9
    listed = read_run_files(str(tmp_path), "killed")
    assert listed is not None
    assert (listed.has_summary, list(listed.files)) == (
        False,
        ["notifications/run_date=2026-11-29/killed-0000.parquet"],
    )
    clear(tmp_path, "another", "a", "b")
    assert read_run_files(str(tmp_path), "killed") == listed


def test_rows_of_a_killed_run_that_are_nowhere_else_stay(tmp_path: Path) -> None:
    write(tmp_path / "transcripts/run_date=2026-11-29/killed-0000.parquet", ["a", "b"])
    clear(tmp_path, "this", "a")
    assert ids(tmp_path / "transcripts/run_date=2026-11-29/killed-0000.v2.parquet") == ["b"]


def test_a_killed_run_is_cleared_in_steps_by_a_run_of_many_recordings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change, "_IDS_AT_ONCE", 2)
    for name, held in (("killed-0000", ["a", "b", "c", "d"]), ("killed-0001", ["e", "f"])):
        write(tmp_path / f"transcripts/run_date=2026-11-29/{name}.parquet", held)
    clear(tmp_path, "this", "a", "e", "f", "x", "c")
    left = list((tmp_path / "transcripts/run_date=2026-11-29").iterdir())
    assert [ids(path) for path in left] == [["b", "d"]]


def test_a_changed_file_is_changed_in_the_list_of_its_run(tmp_path: Path) -> None:
    for name in ("old-0000", "old-0001"):
        write(tmp_path / f"errors/run_date=2026-11-29/{name}.parquet", ["a", "b"] if name == "old-0000" else ["a"])
    names = ["errors/run_date=2026-11-29/old-0000.parquet", "errors/run_date=2026-11-29/old-0001.parquet"]
    listed = {name: FileEntry.of(tmp_path / name) for name in names}
    write_run_files(str(tmp_path), RunFiles("old", listed), None)
    assert Tables(str(tmp_path), None).drop_recordings("errors", frozenset({"a"})) == 2
    now = read_run_files(str(tmp_path), "old")
    assert now is not None
    new = "errors/run_date=2026-11-29/old-0000.v2.parquet"
    assert (now.files, now.changing) == ({new: FileEntry.of(tmp_path / new)}, {})


def test_a_damaged_file_stays_and_is_listed(tmp_path: Path) -> None:
    for name in ("broken", "whole"):
        write(tmp_path / f"errors/run_date=2026-11-29/{name}-0000.parquet", ["a", "b"])
    path = tmp_path / "errors/run_date=2026-11-29/broken-0000.parquet"
    path.write_bytes(content := path.read_bytes()[:100])
    tables = Tables(str(tmp_path), None)
    assert tables.drop_recordings("errors", frozenset({"a"})) == 1
    assert tables.damaged == {"errors/run_date=2026-11-29/broken-0000.parquet"}
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "columns",
    [{"name": ["a"]}, {"recording_id": [1]}, {"recording_id": [["a"]]}],
)
def test_a_foreign_table_is_listed_as_damaged_and_ends_no_job(tmp_path: Path, columns: dict[str, list[object]]) -> None:
    folder = tmp_path / "transcripts/run_date=2026-11-29"
    write(folder / "old-0000.parquet", ["a", "b"])
    other = folder / "mine-0000.parquet"
    pq.write_table(pa.table(columns), other)
    before, tables = other.read_bytes(), Tables(str(tmp_path), None)
    assert tables.drop_recordings("transcripts", frozenset("a")) == 1
    assert tables.damaged == {"transcripts/run_date=2026-11-29/mine-0000.parquet"}
    assert other.read_bytes() == before
    assert ids(folder / "old-0000.v2.parquet") == ["b"]


@pytest.mark.permissions
def test_an_unreadable_file_is_listed_as_damaged_and_ends_no_job(tmp_path: Path) -> None:
    folder = tmp_path / "transcripts/run_date=2026-11-29"
    for run in ("old", "new"):
        write(folder / f"{run}-0000.parquet", ["a", "b"])
    path = folder / "old-0000.parquet"
    path.unlink()
    path.mkdir()
    os.mkfifo(path / "x-0000.parquet")
    path = folder / "locked-0000.parquet"
    write(path, ["a", "b"])
    path.chmod(0)
    tables = Tables(str(tmp_path), None)
    tables.drop_recordings("transcripts", frozenset("a"))
    assert ids(folder / "new-0000.v2.parquet") == ["b"]
    assert tables.damaged == (set() if os.getuid() == 0 else {"transcripts/run_date=2026-11-29/locked-0000.parquet"})
