"""Tables: changes to table files that earlier runs wrote, each file replaced as a whole."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hushbeam.transforms.archive.published_files import relocated_audio_url
from hushbeam.transforms.archive.tables.file_entry import FileEntry
from hushbeam.transforms.archive.tables.file_lists import (
    RunFiles,
    UnreadableFileListError,
    file_list_url,
    read_run_files,
    replace_listed,
    write_run_files,
)
from hushbeam.transforms.archive.tables.read import DamagedTableError, open_table, run_of
from hushbeam.transforms.base.temporary_files import TemporaryFolder
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.file_systems import storage_errors
from hushbeam.transforms.storage.urls import join

_TRANSCRIPTS, _NOTIFICATIONS = "transcripts", "notifications"
_log = logging.getLogger(__name__)

IsDue = Callable[[pa.Table], pa.ChunkedArray]
"""Returns a mask of the rows of a table file to change, which are called due."""

Change = Callable[[pa.Table, pa.ChunkedArray], pa.Table]
"""Returns the changed rows, from all rows and the mask of due rows."""


class Tables:
    """The tables of an output root, for a job that holds its lock.

    A reader sees each file either before or after a change. Files without due rows are read only in the columns that
    decide which rows are due. A file that cannot be read stays unchanged, and is listed in `damaged`.

    Args:
      key: Signs the file lists of changed runs that were signed with it before; None leaves those unsigned.

    Attributes:
      damaged: Names of files that could not be read.
    """

    def __init__(self, output: str, key: Ed25519PrivateKey | None) -> None:
        self._output = output
        self._key = key
        self.damaged: set[str] = set()

    def drop_recordings(
        self, table: str, recording_ids: frozenset[str], *, except_run: str = "", found: set[str] | None = None
    ) -> int:
        """Removes the rows of recordings, and files without any other row.

        Args:
          except_run: Skips files of this run.
          found: Gets the ids of the recordings that had rows.

        Returns:
          The number of removed rows.
        """
        if not recording_ids:
            return 0
        wanted = pa.array(sorted(recording_ids))

        def drop(rows: pa.Table, due: pa.ChunkedArray) -> pa.Table:
            if found is not None:
                found.update(rows["recording_id"].filter(due).unique().to_pylist())
            return rows.filter(pc.invert(due))

        return self.rewrite(
            table,
            ["recording_id"],
            lambda rows: pc.fill_null(pc.is_in(rows["recording_id"], value_set=wanted), False),
            drop,
            except_run=except_run,
        )

    def has_others(self, run_id: str) -> bool:
        """Whether a run other than this one wrote transcripts."""
        return any(run_of(name) != run_id for name in files.list_names(join(self._output, _TRANSCRIPTS)))

    def relocate(self) -> int:
        """Changes rows of `transcripts/` that name redacted recordings in another root, so that they name this root.

        Returns:
          The number of changed rows.
        """
        columns = ["recording_id", "redacted_audio_url"]
        return self.rewrite(_TRANSCRIPTS, columns, self._is_elsewhere, self._here)

    def rewrite(self, table: str, columns: list[str], is_due: IsDue, change: Change, *, except_run: str = "") -> int:
        """Changes the due rows of all files of a table.

        Args:
          columns: The columns that `is_due` reads.

        Returns:
          The number of due rows.
        """
        changed = 0
        for name in files.list_names(join(self._output, table)):
            if not name.endswith(".parquet") or (except_run and run_of(name) == except_run):
                continue
            try:
                with TemporaryFolder() as folder:
                    changed += self._rewrite(f"{table}/{name}", columns, is_due, change, Path(folder))
            except DamagedTableError as error:
                _log.warning("%s", error)
                self.damaged.add(f"{table}/{name}")
        return changed

    def clear_unfinished(self, run_id: str) -> None:
        """Removes table files of killed runs that are no longer needed.

        This run has recovered what they published, and tried the rest again, so their rows of `errors/` are out of
        date. Their rows of `notifications/` stay and are listed, since they show what was delivered.
        """
        unfinished: dict[str, bool] = {}
        delivered: defaultdict[str, list[str]] = defaultdict(list)
        for table in (_TRANSCRIPTS, "findings", "errors", _NOTIFICATIONS):
            for name in files.list_names(join(self._output, table)):
                run = run_of(name)
                if run is None or run == run_id:
                    continue
                if run not in unfinished:
                    unfinished[run] = self._is_unfinished(run)
                if not unfinished[run]:
                    continue
                if table == _NOTIFICATIONS:
                    delivered[run].append(f"{table}/{name}")
                elif table == "errors" or self._is_empty(f"{table}/{name}"):
                    files.delete(join(self._output, table, name))
        for run in (run for run, is_unfinished in unfinished.items() if is_unfinished):
            if delivered[run]:
                self.list_files(run, delivered[run])
            else:
                files.delete(file_list_url(self._output, run))

    def list_files(self, run_id: str, names: Sequence[str]) -> None:
        """Writes the file list of a run without a summary: it was killed, or only sent notifications."""
        listed: dict[str, FileEntry] = {}
        for name in names:
            with TemporaryFolder() as folder:
                listed[name] = FileEntry.of(files.fetch(join(self._output, name), folder))
        write_run_files(self._output, RunFiles(run_id, listed, has_summary=False), self._key)

    def _is_unfinished(self, run_id: str) -> bool:
        if files.exists(join(self._output, "runs", run_id, "summary.json")):
            return False
        try:
            listed = read_run_files(self._output, run_id)
        except UnreadableFileListError:
            return True
        return listed is None or listed.has_summary

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
        url, run_id = join(self._output, name), run_of(name.partition("/")[2])

        def put() -> None:
            if path is None:
                files.delete(url)
            else:
                files.upload_file(path, url)

        after = None if path is None else FileEntry.of(path)
        replace_listed(self._output, run_id, name, before=before, after=after, put=put, key=self._key)

    def _located(self, rows: pa.Table) -> list[str | None]:
        return [
            None if url is None else relocated_audio_url(self._output, recording_id, url) or url
            for recording_id, url in zip(
                rows["recording_id"].to_pylist(), rows["redacted_audio_url"].to_pylist(), strict=True
            )
        ]

    def _is_elsewhere(self, rows: pa.Table) -> pa.ChunkedArray:
        here = pa.chunked_array([pa.array(self._located(rows), pa.string())])
        return pc.fill_null(pc.not_equal(here, rows["redacted_audio_url"]), False)

    def _here(self, rows: pa.Table, _due: pa.ChunkedArray) -> pa.Table:
        place = rows.schema.get_field_index("redacted_audio_url")
        here = pa.array(self._located(rows), pa.string())
        return rows.set_column(place, rows.schema.field(place), here)


def _is_text(schema: pa.Schema, column: str) -> bool:
    return schema.names.count(column) == 1 and pa.types.is_string(schema.field(column).type)
