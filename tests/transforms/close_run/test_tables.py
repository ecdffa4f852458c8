"""Taking recordings out of tables."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.close_run.tables import clear_unfinished, drop_recordings


def write(path: Path, ids: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"recording_id": pa.array(ids, pa.string()), "n": range(len(ids))}), path, row_group_size=2)


def ids(path: Path) -> list[str]:
    return pq.read_table(path)["recording_id"].to_pylist()


@settings(deadline=None)
@given(
    rows=st.lists(st.sampled_from("abcdef"), max_size=12),
    dropped=st.frozensets(st.sampled_from("abcxyz"), max_size=4),
)
def test_only_the_named_recordings_go(tmp_path_factory, rows: list[str], dropped: frozenset[str]):
    table = tmp_path_factory.mktemp("output") / "transcripts"
    path = table / "old-0000.parquet"
    write(path, rows)
    kept = [name for name in rows if name not in dropped]
    assert drop_recordings(str(table), dropped) == len(rows) - len(kept)
    if path.exists():
        assert ids(path) == kept
    else:
        assert not kept


def test_a_file_without_the_recordings_is_not_touched(tmp_path: Path):
    path = tmp_path / "transcripts/old-0000.parquet"
    write(path, ["a", "b"])
    before = path.stat()
    assert drop_recordings(str(tmp_path / "transcripts"), frozenset({"c"})) == 0
    assert path.stat().st_ino == before.st_ino


def test_this_runs_own_files_stay(tmp_path: Path):
    for run in ("old", "new"):
        write(tmp_path / f"transcripts/{run}-0000.parquet", ["a", "b"])
    assert drop_recordings(str(tmp_path / "transcripts"), frozenset({"a"}), except_run="new") == 1
    assert ids(tmp_path / "transcripts/old-0000.parquet") == ["b"]
    assert ids(tmp_path / "transcripts/new-0000.parquet") == ["a", "b"]


def test_without_a_table_there_is_nothing_to_drop(tmp_path: Path):
    assert drop_recordings(str(tmp_path / "transcripts"), frozenset({"a"})) == 0


def test_what_a_killed_run_left_goes_but_for_its_deliveries(tmp_path: Path):
    for table in ("transcripts", "findings", "errors", "notifications"):
        for run in ("ended", "killed", "this"):
            write(tmp_path / table / f"{run}-0000.parquet", ["a"] if table in ("errors", "notifications") else [])
    for run in ("ended", "this"):
        (tmp_path / "runs" / run).mkdir(parents=True)
    (tmp_path / "runs/ended/summary.json").write_text("{}")
    clear_unfinished(str(tmp_path), "this")
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("killed-*")}
    assert left == {"notifications/killed-0000.parquet"}
    assert len(list(tmp_path.rglob("*.parquet"))) == 9
