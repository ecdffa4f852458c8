"""Superseded rows: those of earlier runs of a recording, which `erase --superseded` removes."""

from __future__ import annotations

import pyarrow as pa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hushbeam.transforms.archive.tables.change import Tables
from hushbeam.transforms.archive.tables.current import CurrentRuns
from hushbeam.transforms.archive.tables.earlier_runs import settle_lists
from hushbeam.transforms.retention.erase import Erased


def erase_superseded(output: str, key: Ed25519PrivateKey | None) -> Erased:
    """Removes the rows of transcripts and findings that are not current. The caller holds the run lock.

    A row stays unless a later one of its recording can be read. An interrupted removal is completed by repeating it.

    Args:
      key: Signs changed file lists that were signed with it before; None leaves those unsigned.
    """
    runs, tables, erased, found = CurrentRuns.of(output), Tables(output, key), Erased(), set[str]()

    def is_due(rows: pa.Table) -> pa.ChunkedArray:
        due = [
            runs.is_superseded(recording_id, run_id)
            for recording_id, run_id in zip(rows["recording_id"].to_pylist(), rows["run_id"].to_pylist(), strict=True)
        ]
        return pa.chunked_array([pa.array(due, pa.bool_())])

    # Findings first: if this is killed, the transcripts still tell which of them are left.
    for table in ("findings", "transcripts"):
        erased.rows += tables.drop(table, ["recording_id", "run_id"], is_due, found=found)
    settle_lists(output, key)
    erased.recordings = frozenset(found)
    erased.damaged = tables.damaged | runs.damaged
    return erased
