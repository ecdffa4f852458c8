"""Taking recordings out of tables that earlier runs wrote."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms.storage import files
from transforms.storage.file_systems import storage_errors
from transforms.storage.urls import join
from transforms.temporary_files import TemporaryFolder
from transforms.write_tables.read import run_of


def drop_recordings(table: str, recording_ids: frozenset[str], *, except_run: str = "") -> int:
    """Rewrites the files of a table without the rows of these recordings; a file without rows left is removed.

    Each file is replaced as a whole: a reader sees it before or after. Only the column of ids is read of files that
    hold none of them.

    Args:
      table: The table's folder.
      except_run: Files of this run stay as they are.

    Returns:
      How many rows were dropped.
    """
    if not recording_ids:
        return 0
    dropped = 0
    wanted = pa.array(sorted(recording_ids))
    for name in files.list_names(table):
        if not name.endswith(".parquet") or (except_run and name.startswith(f"{except_run}-")):
            continue
        with TemporaryFolder() as folder:
            dropped += _rewrite(join(table, name), wanted, Path(folder))
    return dropped


def clear_unfinished(output: str, run_id: str) -> None:
    """Removes what runs before this one, which were killed, left in tables and nobody needs.

    What they published this run has taken over; what they did not it has tried again, so their rows of `errors/` are
    of yesterday. Rows of `notifications/` stay: they say what was delivered.
    """
    unfinished: dict[str, bool] = {}
    for table in ("transcripts", "findings", "errors"):
        for name in files.list_names(join(output, table)):
            run = run_of(name)
            if run is None or run == run_id:
                continue
            if run not in unfinished:
                unfinished[run] = not files.exists(join(output, "runs", run, "summary.json"))
            if unfinished[run] and (table == "errors" or _is_empty(join(output, table, name))):
                files.delete(join(output, table, name))


def _is_empty(url: str) -> bool:
    with TemporaryFolder() as folder:
        return not pq.read_metadata(files.fetch(url, Path(folder))).num_rows


def _rewrite(url: str, recording_ids: pa.Array, folder: Path) -> int:
    path = files.fetch(url, folder)
    ids = pq.read_table(path, columns=["recording_id"])["recording_id"]
    keep = pc.invert(pc.is_in(ids, value_set=recording_ids))
    dropped = len(ids) - pc.sum(keep).as_py() if len(ids) else 0
    if not dropped:
        return 0
    if dropped == len(ids):
        files.delete(url)
        return dropped
    target = folder / "rewritten.parquet"
    source = pq.ParquetFile(path)
    offset = 0
    with (
        storage_errors(str(folder), "write"),
        pq.ParquetWriter(target, source.schema_arrow, compression="zstd", version="2.6") as writer,
    ):
        for group in range(source.num_row_groups):
            rows = source.read_row_group(group)
            writer.write_table(rows.filter(keep.slice(offset, len(rows))))
            offset += len(rows)
    files.upload_file(target, url)
    return dropped
