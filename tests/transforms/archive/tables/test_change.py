"""Changes to table files of earlier runs."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.transforms.archive.tables.change import Tables
from hushbeam.transforms.archive.tables.file_entry import FileEntry
from hushbeam.transforms.archive.tables.file_lists import RunFiles, read_run_files, write_run_files


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
    path = table / "old-0000.parquet"
    write(path, rows)
    kept = [name for name in rows if name not in dropped]
    assert Tables(str(table.parent), None).drop_recordings("transcripts", dropped) == len(rows) - len(kept)
    if path.exists():
        assert ids(path) == kept
    else:
        assert not kept


def test_a_file_without_the_recordings_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "transcripts/old-0000.parquet"
    write(path, ["a", "b"])
    before = path.stat()
    assert Tables(str(tmp_path), None).drop_recordings("transcripts", frozenset({"c"})) == 0
    assert path.stat().st_ino == before.st_ino


def test_files_of_the_excepted_run_stay(tmp_path: Path) -> None:
    for run in ("old", "new"):
        write(tmp_path / f"transcripts/{run}-0000.parquet", ["a", "b"])
    assert Tables(str(tmp_path), None).drop_recordings("transcripts", frozenset({"a"}), except_run="new") == 1
    assert ids(tmp_path / "transcripts/old-0000.parquet") == ["b"]
    assert ids(tmp_path / "transcripts/new-0000.parquet") == ["a", "b"]


def test_without_a_table_there_is_nothing_to_drop(tmp_path: Path) -> None:
    assert Tables(str(tmp_path), None).drop_recordings("transcripts", frozenset({"a"})) == 0


def test_tables_of_a_killed_run_are_removed_except_notifications(tmp_path: Path) -> None:
    for table in ("transcripts", "findings", "errors", "notifications"):
        for run in ("ended", "killed", "this"):
            write(tmp_path / table / f"{run}-0000.parquet", ["a"] if table in ("errors", "notifications") else [])
    for run in ("ended", "this"):
        (tmp_path / "runs" / run).mkdir(parents=True)
    (tmp_path / "runs/ended/summary.json").write_text("{}")
    Tables(str(tmp_path), None).clear_unfinished("this")
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("killed-*")}
    assert left == {"notifications/killed-0000.parquet"}
    assert len(list(tmp_path.rglob("*.parquet"))) == 9
    listed = read_run_files(str(tmp_path), "killed")
    assert listed is not None
    assert (listed.has_summary, list(listed.files)) == (False, ["notifications/killed-0000.parquet"])
    Tables(str(tmp_path), None).clear_unfinished("another")
    assert read_run_files(str(tmp_path), "killed") == listed


def test_a_changed_file_is_changed_in_the_list_of_its_run(tmp_path: Path) -> None:
    for name in ("old-0000", "old-0001"):
        write(tmp_path / f"errors/{name}.parquet", ["a", "b"] if name == "old-0000" else ["a"])
    names = ["errors/old-0000.parquet", "errors/old-0001.parquet"]
    listed = {name: FileEntry.of(tmp_path / name) for name in names}
    write_run_files(str(tmp_path), RunFiles("old", listed), None)
    assert Tables(str(tmp_path), None).drop_recordings("errors", frozenset({"a"})) == 2
    now = read_run_files(str(tmp_path), "old")
    assert now is not None
    assert now.files == {names[0]: FileEntry.of(tmp_path / names[0])} != listed


def test_a_damaged_file_stays_and_is_listed(tmp_path: Path) -> None:
    for name in ("broken", "whole"):
        write(tmp_path / f"errors/{name}-0000.parquet", ["a", "b"])
    path = tmp_path / "errors/broken-0000.parquet"
    path.write_bytes(content := path.read_bytes()[:100])
    tables = Tables(str(tmp_path), None)
    assert tables.drop_recordings("errors", frozenset({"a"})) == 1
    assert tables.damaged == {"errors/broken-0000.parquet"}
    assert path.read_bytes() == content


def test_rows_of_a_moved_root_name_the_new_root(tmp_path: Path) -> None:
    path = tmp_path / "transcripts/old-0000.parquet"
    path.parent.mkdir()
    there = ["gs://old/audio/a.0123456789ab.wav", None, "/etc/passwd", f"{tmp_path}/audio/d.0123456789ab.wav"]
    pq.write_table(pa.table({"recording_id": list("abcd"), "redacted_audio_url": pa.array(there, pa.string())}), path)
    assert Tables(str(tmp_path), None).relocate() == 1
    assert pq.read_table(path)["redacted_audio_url"].to_pylist() == [
        f"{tmp_path}/audio/a.0123456789ab.wav",
        *there[1:],
    ]
    assert Tables(str(tmp_path), None).relocate() == 0


@pytest.mark.parametrize(
    "columns",
    [
        {"name": ["a"]},
        {"recording_id": [1], "redacted_audio_url": [2]},
        {"recording_id": ["a"], "redacted_audio_url": [["out/audio/a.wav"]]},
    ],
)
def test_a_foreign_table_is_listed_as_damaged_and_ends_no_job(tmp_path: Path, columns: dict[str, list[object]]) -> None:
    write(tmp_path / "transcripts" / "old-0000.parquet", ["a", "b"])
    other = tmp_path / "transcripts" / "mine-0000.parquet"
    pq.write_table(pa.table(columns), other)
    before, tables = other.read_bytes(), Tables(str(tmp_path), None)
    assert tables.relocate() == 0
    assert tables.damaged == {"transcripts/mine-0000.parquet", "transcripts/old-0000.parquet"}
    assert other.read_bytes() == before
    tables = Tables(str(tmp_path), None)
    assert tables.drop_recordings("transcripts", frozenset("a")) >= 1
    assert ids(tmp_path / "transcripts" / "old-0000.parquet") == ["b"]


@pytest.mark.permissions
def test_an_unreadable_file_is_listed_as_damaged_and_ends_no_job(tmp_path: Path) -> None:
    for run in ("old", "new"):
        write(tmp_path / "transcripts" / f"{run}-0000.parquet", ["a", "b"])
    path = tmp_path / "transcripts" / "old-0000.parquet"
    path.unlink()
    path.mkdir()
    os.mkfifo(path / "x-0000.parquet")
    path = tmp_path / "transcripts" / "locked-0000.parquet"
    write(path, ["a", "b"])
    path.chmod(0)
    tables = Tables(str(tmp_path), None)
    tables.drop_recordings("transcripts", frozenset("a"))
    assert ids(tmp_path / "transcripts" / "new-0000.parquet") == ["b"]
    assert tables.damaged == (set() if os.getuid() == 0 else {"transcripts/locked-0000.parquet"})
