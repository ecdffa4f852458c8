"""Current rows: of the rows of a recording in `transcripts/`, those of the run that redacted it last.

Runs add rows, and change none. The views in deploy/warehouse/ say the same in SQL: the row with the latest
(`processed_at`, `run_id`) is current, and a finding is current if it is of the same run as that row.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from hushbeam.transforms.archive.tables.read import DamagedTableError, open_table, table_files
from hushbeam.transforms.base.temporary_files import TemporaryFolder
from hushbeam.transforms.storage.urls import relative

_log = logging.getLogger(__name__)
_ORDER = ["recording_id", "processed_at", "run_id"]


class CurrentRuns:
    """The run whose rows are current, by recording.

    Attributes:
      damaged: Names of files of transcripts that could not be read.
    """

    def __init__(self) -> None:
        self._newest: dict[str, tuple[Any, str]] = {}
        self.damaged: set[str] = set()

    @classmethod
    def of(cls, output: str) -> CurrentRuns:
        """From all transcripts of an output root. A file that cannot be read is logged and left out."""
        runs = cls()
        for url in table_files(output, "transcripts"):
            try:
                for row in _rows(url):
                    runs.add(row)
            except DamagedTableError as error:
                _log.warning("%s", error)
                runs.damaged.add(relative(url, output))
        return runs

    def add(self, row: Mapping[str, Any]) -> None:
        """Takes a row of `transcripts/` into account."""
        order = row["processed_at"], row["run_id"]
        before = self._newest.get(row["recording_id"])
        if before is None or before < order:
            self._newest[row["recording_id"]] = order

    def has(self, row: Mapping[str, Any]) -> bool:
        """Whether a row of `transcripts/` or `findings/` is current."""
        newest = self._newest.get(row["recording_id"])
        return newest is not None and newest[1] == row["run_id"]

    def is_superseded(self, recording_id: str, run_id: str) -> bool:
        """Whether rows of this run are not current, because another run redacted the recording later."""
        newest = self._newest.get(recording_id)
        return newest is not None and newest[1] != run_id


def _rows(url: str) -> Iterator[dict[str, Any]]:
    with TemporaryFolder() as folder, open_table(url, Path(folder)) as table:
        if not set(_ORDER) <= set(table.schema_arrow.names):
            raise DamagedTableError(url)
        for batch in table.iter_batches(columns=_ORDER):
            yield from batch.to_pylist()


def current_rows(transcripts: Iterable[str], findings: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The current of all rows of one recording, as JSON: of transcripts, and of findings."""
    runs = CurrentRuns()
    rows = [(json.loads(row), row) for row in transcripts]
    for row, _ in rows:
        runs.add(row)
    return tuple(text for row, text in rows if runs.has(row)), tuple(_kept(findings, runs, bool(rows)))


def _kept(findings: Iterable[str], runs: CurrentRuns, has_rows: bool) -> Iterator[str]:
    for finding in findings:
        if not has_rows or runs.has(json.loads(finding)):
            yield finding
