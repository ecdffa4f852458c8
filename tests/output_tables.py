"""Rows of an output root's tables, as a reader without Hushbeam finds them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.dataset as ds


def history(output: Path, table: str) -> list[dict[str, Any]]:
    """All rows, those of earlier runs included; none if there is no such table."""
    if not (output / table).is_dir():
        return []
    return ds.dataset(output / table, format="parquet", partitioning=None).to_table().to_pylist()


def current(output: Path, table: str) -> list[dict[str, Any]]:
    """Of transcripts and findings, the rows of the run that redacted a recording last; of other tables, all rows."""
    rows = history(output, table)
    if table not in ("transcripts", "findings"):
        return rows
    told = [row for row in history(output, "transcripts") if row["processed_at"] is not None]  # not of somebody else
    in_order = sorted(told, key=lambda row: (row["processed_at"], row["run_id"]))
    newest = {row["recording_id"]: row["run_id"] for row in in_order}
    return [row for row in rows if newest.get(row["recording_id"]) == row["run_id"]]
