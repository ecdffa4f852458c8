"""The end of a run: what is written, listed and removed once its tables are durable."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hushbeam.transforms.archive.ledger import extend_snapshot, root_of_snapshot
from hushbeam.transforms.archive.published_files import json_name
from hushbeam.transforms.archive.recovery import forget_rows
from hushbeam.transforms.archive.runs.private_roots import recorded_private_roots
from hushbeam.transforms.archive.runs.summary import summarise, summary_url
from hushbeam.transforms.archive.tables.change import Tables
from hushbeam.transforms.archive.tables.earlier_runs import EarlierRuns, read_earlier_runs, remember_lists
from hushbeam.transforms.archive.tables.file_entry import FileEntry
from hushbeam.transforms.archive.tables.file_lists import RunFiles, settle, write_run_files
from hushbeam.transforms.archive.tables.relocation import relocate
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import MissingFileError
from hushbeam.transforms.storage.urls import join


def close(
    output: str,
    run_id: str,
    *,
    identities: Mapping[str, str],
    key: Ed25519PrivateKey | None,
    totals: Mapping[str, float],
    committed: Iterable[tuple[str, bool]],
    tables: Sequence[tuple[str, FileEntry]],
    entries: Iterable[bytes],
) -> str:
    """Ends a run whose rows are all durable, and returns its summary as JSON.

    It takes about as long for a large archive as for a small one. Two small files grow: the ledger's index, by 56 bytes
    a recording, and the record of file lists, by some 150 bytes a run.

    Args:
      key: Signs the list of the run's files, if there is one.
      totals: Counts of the summary.
      committed: Ids of the recordings with an output, and whether an earlier one may have left rows or files.
      tables: The table files of the run.
      entries: Packed entries of the ledger for the committed recordings.
    """
    earlier, root = Tables(output, key), root_of_snapshot(output)
    # A killed first run leaves status objects, but no table.
    is_first = not any(replaces for _, replaces in committed) and not earlier.has_others(run_id)
    if root != output and not is_first:
        relocate(output)
    runs = read_earlier_runs(output, key)
    if earlier.clear_unfinished(run_id, runs, (one for one, _ in committed)):
        runs = read_earlier_runs(output, key)
    settle(output, runs.unsettled, key)
    remember_lists(output, runs, key, but=run_id)
    summary = json.dumps(summarise(run_id, totals, identities), indent=1, sort_keys=True)
    extend_snapshot(output, entries, (json_name(recording_id) for recording_id, _ in committed))
    # Before the summary, so that a run with a summary has a list too.
    write_run_files(output, _listed(output, runs, run_id, tables, summary.encode()), key)
    files.write_bytes(summary_url(output, run_id), summary.encode())
    # Last: if the run is killed before this line, the next run finds the copies and writes the rows again.
    forget_rows(output, run_id)
    return summary


def _listed(
    output: str, runs: EarlierRuns, run_id: str, tables: Sequence[tuple[str, FileEntry]], summary: bytes
) -> RunFiles:
    listed = dict(tables)
    listed[f"runs/{run_id}/summary.json"] = FileEntry.of_content(summary)
    canaries = f"runs/{run_id}/canaries.json"
    with suppress(MissingFileError):
        listed[canaries] = FileEntry.of_content(files.read_bytes(join(output, canaries)))
    private_roots = tuple(sorted(recorded_private_roots(output)))
    return RunFiles(run_id, listed, before=runs.before(run_id), private_roots=private_roots)
