"""RunResult: what a run published, and what it did not, read from its output."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import pyarrow as pa

from hushbeam.pipelines.library.records import PublishedFinding, PublishedRecording, published
from hushbeam.schemas.failure import ERRORS_SCHEMA, Failure
from hushbeam.schemas.finding import FINDINGS_SCHEMA
from hushbeam.schemas.redacted import TRANSCRIPTS_SCHEMA
from hushbeam.transforms.archive.runs.summary import checked_summary, summary_url
from hushbeam.transforms.archive.tables.current import CurrentRuns
from hushbeam.transforms.archive.tables.read import read_rows, run_files, table_files
from hushbeam.transforms.base.plurals import counted
from hushbeam.transforms.report_run import report_url
from hushbeam.transforms.storage import files, urls

_MOST_SHOWN = 20
_LONGEST_SHOWN = 600


@dataclass(frozen=True)
class RunResult:
    """A finished run. It shows itself in a notebook: outcomes, redacted text, and why recordings did not complete.

    Attributes:
      output: The output root.
      run_id: Names the run.
      skipped: Ids of recordings that were up to date. Their earlier output counts as the run's.
      warnings: What the run warns of, such as a decoder without isolation.
    """

    output: str
    run_id: str
    skipped: frozenset[str] = frozenset()
    warnings: tuple[str, ...] = ()

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Counts of the run: runs/RUN_ID/summary.json."""
        return checked_summary(files.read_bytes(summary_url(self.output, self.run_id)))

    @property
    def report(self) -> str:
        """Location of the report as a page."""
        return report_url(self.output, self.run_id)

    @cached_property
    def recordings(self) -> list[PublishedRecording]:
        """The published recordings, with those that were up to date, by id."""
        rows: dict[str, list[str]] = {}
        for recording_id, row in self._rows("findings", FINDINGS_SCHEMA):
            rows.setdefault(recording_id, []).append(row)
        transcripts = sorted(self._rows("transcripts", TRANSCRIPTS_SCHEMA))
        return [published(row, rows.get(recording_id, ()), self.output) for recording_id, row in transcripts]

    @property
    def findings(self) -> list[PublishedFinding]:
        """The redacted spans of all these recordings."""
        return [finding for recording in self.recordings for finding in recording.findings]

    @cached_property
    def failures(self) -> list[Failure]:
        """Why recordings have no output."""
        return [Failure.of_row(json.loads(row)) for _, row in sorted(self._rows("errors", ERRORS_SCHEMA))]

    def to_arrow(self, table: str = "recordings") -> pa.Table:
        """`recordings`, `findings` or `failures` as an Arrow table, with the columns of the output's tables."""
        records, schema = self._table(table)
        return pa.Table.from_pylist([_row(record) for record in records], schema=schema)

    def to_pandas(self, table: str = "recordings") -> Any:
        """The same as a data frame, where pandas is installed."""
        if importlib.util.find_spec("pandas") is None:
            raise ModuleNotFoundError("to_pandas needs pandas: pip install pandas; to_arrow does not", name="pandas")
        return self.to_arrow(table).to_pandas()

    def _table(self, name: str) -> tuple[Sequence[Any], pa.Schema]:
        if name == "recordings":
            return self.recordings, _columns(PublishedRecording, TRANSCRIPTS_SCHEMA)
        if name == "findings":
            return self.findings, _columns(PublishedFinding, FINDINGS_SCHEMA)
        if name == "failures":
            return self.failures, _columns(Failure, ERRORS_SCHEMA)
        raise ValueError(f"no table {name!r}; expected recordings, findings or failures")

    def _rows(self, table: str, schema: pa.Schema) -> Iterator[tuple[str, str]]:
        """The rows of this run, and the current rows of recordings that it found up to date."""
        own = set(run_files(self.output, table, self.run_id))
        for url in table_files(self.output, table):
            mine = url in own
            if mine or (self.skipped and table != "errors"):
                for recording_id, row in read_rows(url, schema.names):
                    if mine or (recording_id in self.skipped and self._current.has(json.loads(row))):
                        yield recording_id or "", row

    @cached_property
    def _current(self) -> CurrentRuns:
        return CurrentRuns.of(self.output)

    @property
    def _where(self) -> str:
        """The output as it can be typed from here."""
        is_here = urls.is_local(self.output) and Path(self.output).is_relative_to(here := Path.cwd())
        return str(Path(self.output).relative_to(here)) if is_here else self.output

    def __repr__(self) -> str:
        recordings = self.summary["recordings"]
        counts = ", ".join(f"{recordings[outcome]} {outcome}" for outcome in recordings)
        minutes = self.summary["audio_s"] / 60
        return f"RunResult({counts}, {minutes:.1f} minutes of audio, output={self._where!r})"

    def _repr_html_(self) -> str:
        recordings = self.summary["recordings"]
        counts = ", ".join(f"{recordings[outcome]} {outcome}" for outcome in recordings if recordings[outcome])
        parts = [f"<p><b>{escape(counts or 'no recordings')}</b>, output in <code>{escape(self._where)}</code></p>"]
        parts += [f"<p><b>Warning:</b> {escape(warning)}</p>" for warning in self.warnings]
        shown = self.recordings[:_MOST_SHOWN]
        if shown:
            rows = "".join(_recording_html(recording) for recording in shown)
            head = "<tr><th>recording</th><th>seconds</th><th>findings</th><th>redacted text</th></tr>"
            parts.append(f"<table>{head}{rows}</table>")
        parts += _and_more(len(self.recordings), "recording", "recordings")
        if self.failures:
            rows = "".join(_failure_html(failure) for failure in self.failures[:_MOST_SHOWN])
            head = "<tr><th>no output</th><th>status</th><th>stage</th><th>why</th></tr>"
            parts.append(f"<table>{head}{rows}</table>")
        parts += _and_more(len(self.failures), "failure", "failures")
        return "".join(parts)


def _columns(record: type[Any], schema: pa.Schema) -> pa.Schema:
    return pa.schema([column for column in schema if column.name in record.__dataclass_fields__])


def _row(record: Any) -> dict[str, Any]:
    row = asdict(record)
    if isinstance(record, PublishedRecording):
        row.pop("findings")
        row["metadata"] = sorted(row["metadata"].items())
    return row


def _recording_html(recording: PublishedRecording) -> str:
    text = recording.text[:_LONGEST_SHOWN] + ("…" if len(recording.text) > _LONGEST_SHOWN else "")
    said = escape(text).replace("\n", "<br>")
    cells = (escape(recording.recording_id), f"{recording.duration_s:.1f}", str(len(recording.findings)), said)
    return (
        "<tr>" + "".join(f'<td style="text-align: left; vertical-align: top">{cell}</td>' for cell in cells) + "</tr>"
    )


def _failure_html(failure: Failure) -> str:
    name = failure.recording_id or (f"line {failure.line}" if failure.line else "")
    cells = (name, failure.status, failure.stage, failure.message)
    return "<tr>" + "".join(f'<td style="text-align: left">{escape(cell)}</td>' for cell in cells) + "</tr>"


def _and_more(number: int, noun: str, attribute: str) -> list[str]:
    if number <= _MOST_SHOWN:
        return []
    return [f"<p>and {counted(number - _MOST_SHOWN, f'more {noun}')}: <code>.{attribute}</code> has all</p>"]
