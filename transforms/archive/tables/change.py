"""Tables: changes to table files that earlier runs wrote, each of which gets a new file."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hushbeam.transforms.archive.tables.earlier_runs import EarlierRuns
from hushbeam.transforms.archive.tables.file_entry import FileEntry
from hushbeam.transforms.archive.tables.file_lists import (
    RunFiles,
    file_list_url,
    replace_listed,
    write_run_files,
)
from hushbeam.transforms.archive.tables.layout import TABLES, is_hidden, outdated, parse, run_of
from hushbeam.transforms.archive.tables.read import DamagedTableError, open_table
from hushbeam.transforms.base.temporary_files import TemporaryFolder
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.file_systems import storage_errors
from hushbeam.transforms.storage.urls import join

_TRANSCRIPTS, _FINDINGS, _ERRORS, _NOTIFICATIONS = TABLES
_IDS_AT_ONCE = 100_000
_log = logging.getLogger(__name__)

IsDue = Callable[[pa.Table], pa.ChunkedArray]
"""Returns a mask of the rows of a table file to change, which are called due."""

Change = Callable[[pa.Table, pa.ChunkedArray], pa.Table]
"""Returns the changed rows, from all rows and the mask of due rows."""


class Tables:
    """The tables of an output root, for a job that holds its lock.

    A rewritten file gets a new name, and the old one is deleted: a name never changes its content. Files without due
    rows are read only in the columns that decide which rows are due. A file that cannot be read stays unchanged, and is
    listed in `damaged`.

    Args:
      key: Signs the file lists of changed runs that were signed with it before; None leaves those unsigned.

    Attributes:
      damaged: Names of files that could not be read.
      replaced: Names of files that were rewritten or removed, and the new name of each; None if it was removed.
    """

    def __init__(self, output: str, key: Ed25519PrivateKey | None) -> None:
        self._output = output
        self._key = key
        self.damaged: set[str] = set()
        self.replaced: dict[str, str | None] = {}

    def drop_recordings(
        self,
        table: str,
        recording_ids: frozenset[str],
        *,
        of_runs: Collection[str] | None = None,
        found: set[str] | None = None,
    ) -> int:
        """Removes the rows of recordings, and files without any other row.

        Args:
          of_runs: Only in files of these runs; None for all.
          found: Gets the ids of the recordings that had rows.

        Returns:
          The number of removed rows.
        """
        if not recording_ids:
            return 0
        wanted = pa.array(sorted(recording_ids))
        return self.drop(
            table,
            ["recording_id"],
            lambda rows: pc.fill_null(pc.is_in(rows["recording_id"], value_set=wanted), False),
            of_runs=of_runs,
            found=found,
        )

    def drop(
        self,
        table: str,
        columns: list[str],
        is_due: IsDue,
        *,
        of_runs: Collection[str] | None = None,
        found: set[str] | None = None,
    ) -> int:
        """As `rewrite`, but removes the due rows."""

        def without(rows: pa.Table, due: pa.ChunkedArray) -> pa.Table:
            if found is not None:
                found.update(rows["recording_id"].filter(due).unique().to_pylist())
            return rows.filter(pc.invert(due))

        return self.rewrite(table, columns, is_due, without, of_runs=of_runs)

    def has_others(self, run_id: str) -> bool:
        """Whether a run other than this one wrote transcripts."""
        names = (file.name for file in files.iterate_files(join(self._output, _TRANSCRIPTS)))
        return any(run_of(name) not in (None, run_id) for name in names)

    def rewrite(
        self,
        table: str,
        columns: list[str],
        is_due: IsDue,
        change: Change,
        *,
        of_runs: Collection[str] | None = None,
    ) -> int:
        """Changes the due rows of all files of a table.

        Args:
          columns: The columns that `is_due` reads.
          of_runs: Only in files of these runs; None for all.

        Returns:
          The number of due rows.
        """
        changed = 0
        for name in self._settled_names(table):
            if not name.endswith(".parquet") or (of_runs is not None and run_of(name) not in of_runs):
                continue
            try:
                with TemporaryFolder() as folder:
                    changed += self._rewrite(f"{table}/{name}", columns, is_due, change, Path(folder))
            except DamagedTableError as error:
                _log.warning("%s", error)
                self.damaged.add(f"{table}/{name}")
        return changed

    def clear_unfinished(self, run_id: str, earlier: EarlierRuns, done: Iterable[str]) -> bool:
        """Removes table files of killed runs that are no longer needed.

        This run has recovered what they published, and tried the rest again, so their rows of `errors/` are out of
        date. Their rows of `notifications/` stay and are listed, since they show what was delivered. Rows of recordings
        that this run neither recovered nor redacted again stay too.

        Args:
          earlier: All runs of the output root.
          done: The ids of the recordings whose rows are in the tables of this run, read if there were any.

        Returns:
          Whether there were any, and file lists may have changed.
        """
        names = {table: self._settled_names(table) for table in TABLES}
        runs = {run for table in TABLES for name in names[table] if (run := run_of(name)) is not None and run != run_id}
        unfinished = {run for run in runs if not earlier.is_closed(run)}
        if not unfinished:
            return False
        left = iter(done)
        while ids := frozenset(islice(left, _IDS_AT_ONCE)):
            for table in (_TRANSCRIPTS, _FINDINGS):
                self.drop_recordings(table, ids, of_runs=unfinished)
        delivered: defaultdict[str, list[str]] = defaultdict(list)
        for table in TABLES:
            for name in self._settled_names(table):
                if (run := run_of(name)) not in unfinished:
                    continue
                if table == _NOTIFICATIONS:
                    delivered[run].append(f"{table}/{name}")
                elif table == _ERRORS or self._is_empty(f"{table}/{name}"):
                    files.delete(join(self._output, table, name))
        for run in unfinished:
            if delivered[run]:
                self.list_files(run, delivered[run])
            else:
                files.delete(file_list_url(self._output, run))
        return True

    def _settled_names(self, table: str) -> list[str]:
        """The names of all files, without older versions, which a killed job left and which are removed here."""
        names = [name for name in files.list_names(join(self._output, table)) if not is_hidden(name)]
        older = outdated(names)
        for name in older:
            files.delete(join(self._output, table, name))
        return [name for name in names if name not in older]

    def list_files(self, run_id: str, names: Sequence[str]) -> None:
        """Writes the file list of a run without a summary: it was killed, or only sent notifications."""
        listed: dict[str, FileEntry] = {}
        for name in names:
            with TemporaryFolder() as folder:
                listed[name] = FileEntry.of(files.fetch(join(self._output, name), folder))
        write_run_files(self._output, RunFiles(run_id, listed, has_summary=False), self._key)

    def _is_empty(self, name: str) -> bool:
        try:
            with (
                TemporaryFolder() as folder,
                open_table(join(self._output, name), Path(folder)) as table,
            ):
                return not table.metadata.num_rows
        except DamagedTableError as error:
            _log.warning("%s", error)
            self.damaged.add(name)
            return False

    def _rewrite(self, name: str, columns: list[str], is_due: IsDue, change: Change, folder: Path) -> int:
        url, target = join(self._output, name), folder / "rewritten.parquet"
        path = files.fetch(url, folder)
        with open_table(url, folder, path) as source:
            if not all(_is_text(source.schema_arrow, column) for column in columns):
                raise DamagedTableError(url)
            due = is_due(source.read(columns=columns))
            changed = int(pc.sum(due).as_py() or 0)
            if not changed:
                return 0
            kept = 0
            with (
                storage_errors(str(folder), "write"),
                pq.ParquetWriter(target, source.schema_arrow, compression="zstd", version="2.6") as writer,
            ):
                for group in range(source.num_row_groups):
                    rows = source.read_row_group(group)
                    rows = change(rows, is_due(rows))
                    kept += len(rows)
                    writer.write_table(rows)
        self._put(name, target if kept else None, FileEntry.of(path))
        return changed

    def _put(self, name: str, path: Path | None, before: FileEntry) -> None:
        table, _, rest = name.partition("/")
        file = parse(rest)
        new = name if file is None else f"{table}/{file._replace(version=file.version + 1).name}"

        def put() -> None:
            if path is not None:
                files.upload_file(path, join(self._output, new))
            if path is None or new != name:
                files.delete(join(self._output, name))

        after = None if path is None else (new, FileEntry.of(path))
        replace_listed(self._output, file and file.run_id, name, before=before, after=after, put=put, key=self._key)
        self.replaced[name] = None if path is None else new


def _is_text(schema: pa.Schema, column: str) -> bool:
    return schema.names.count(column) == 1 and pa.types.is_string(schema.field(column).type)
