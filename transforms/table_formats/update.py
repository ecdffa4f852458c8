"""update_tables: makes the tables of a table format name exactly the files that runs have published.

What is added and removed follows from a comparison, whatever happened before: repeating an update that was killed
completes it, and the update of the next run does too. A file that no list names, such as one of a killed run, is never
in a table.
"""

from __future__ import annotations

import logging

import pyarrow as pa

from hushbeam.transforms.archive.runs.table_format import ICEBERG, TableFormat, recorded_format
from hushbeam.transforms.archive.tables.layout import SCHEMAS
from hushbeam.transforms.table_formats.delta import DeltaTables
from hushbeam.transforms.table_formats.iceberg import IcebergTables
from hushbeam.transforms.table_formats.libraries import library_errors
from hushbeam.transforms.table_formats.published import Names, published_files

_ATTEMPTS = 5
_log = logging.getLogger(__name__)


def check_format(output: str, kept: TableFormat | None) -> None:
    """Checks that the tables can be reached and are this output's, before anything is changed or recorded.

    Raises:
      ConfigurationError: A library is missing, the catalogue cannot be opened, or a table there is of another output.
      RunError: The catalogue fails.
    """
    if kept is not None:
        with library_errors(f"the look at the {kept.kind} tables"):
            _tables(output, kept).check()


def update_tables(output: str, run_id: str, *, forget: bool = False) -> None:
    """Registers what runs have published, one commit a table, and takes out what is no longer there.

    The caller holds the run lock. Files whose size has changed are taken out and registered again. Where files are
    taken out, earlier snapshots are removed too: they name files that were deleted.

    Args:
      run_id: Of the job that does it, which snapshots name.
      forget: Removes earlier snapshots also where nothing is taken out, after an erasure that was killed.

    Raises:
      ConfigurationError, RunError, StorageError: The tables cannot be updated; repeating it completes it.
    """
    kept = recorded_format(output)
    if kept is None:
        return
    tables, published = _tables(output, kept), published_files(output)
    for table, schema in SCHEMAS.items():
        with library_errors(f"the update of the {kept.kind} table {table}"):
            _update(tables, table, schema, published.get(table, {}), run_id, forget=forget)


def _tables(output: str, kept: TableFormat) -> IcebergTables | DeltaTables:
    return IcebergTables(output, kept) if kept.kind == ICEBERG else DeltaTables(output)


def _update(
    tables: IcebergTables | DeltaTables, table: str, schema: pa.Schema, published: Names, run_id: str, *, forget: bool
) -> None:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            removed = _change(tables, table, schema, published, run_id)
            break
        except Exception as error:
            # Somebody else committed, for example an optimisation, or the answer was lost: compare again.
            if type(error).__name__ not in tables.conflicts or attempt == _ATTEMPTS:
                raise
            _log.warning("the table %s was changed at the same time: comparing it again", table)
    if removed or forget:
        current = tables.open(table, schema)
        if current.has_history:
            current.forget(published)


def _change(tables: IcebergTables | DeltaTables, table: str, schema: pa.Schema, published: Names, run_id: str) -> bool:
    current = tables.open(table, schema)
    added = {name: size for name, size in published.items() if current.names.get(name) != size}
    removed = {name: size for name, size in current.names.items() if published.get(name) != size}
    if added or removed:
        current.change(added, removed, schema, run_id)
    return bool(removed)
