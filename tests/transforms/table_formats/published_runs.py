"""Output roots with the table files of runs, and what readers of table formats find in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hushbeam.transforms.archive.runs.table_format import TableFormat, remember_format
from hushbeam.transforms.archive.tables.file_entry import FileEntry
from hushbeam.transforms.archive.tables.file_lists import RunFiles, write_run_files
from hushbeam.transforms.archive.tables.layout import SCHEMAS, TableFile

NAMESPACE = "calls"
RUN_DATE = "2026-11-29"


def row_of(schema: pa.Schema, recording_id: str, run_id: str) -> dict[str, Any]:
    """A row with a value in every column, also inside of lists and maps."""
    known = {"recording_id": recording_id, "run_id": run_id}
    return {field.name: known.get(field.name, _value(field.name, field.type)) for field in schema}


def _value(name: str, kind: pa.DataType) -> Any:
    if pa.types.is_struct(kind):
        return {kind.field(n).name: _value(kind.field(n).name, kind.field(n).type) for n in range(kind.num_fields)}
    if pa.types.is_list(kind):
        return [_value(name, kind.value_type), _value(name, kind.value_type)]
    if pa.types.is_map(kind):
        return [("a key", _value(name, kind.item_type))]
    if pa.types.is_timestamp(kind):
        return datetime(2026, 11, 29, 1, 2, 3, 456789, tzinfo=UTC)
    if pa.types.is_date(kind):
        return date(2026, 11, 29)
    if pa.types.is_boolean(kind):
        return True
    return {"int": 7, "double": 1.25, "float": 1.25}.get(str(kind).rstrip("0123456789"), f"{name} ü")


def write_file(
    output: Path,
    name: str,
    recordings: Sequence[str],
    run_id: str,
    extra: Mapping[str, tuple[pa.DataType, Any]] | None = None,
) -> None:
    """Writes a table file with one row for each recording; `extra` are further columns: types and values."""
    schema = SCHEMAS[name.partition("/")[0]]
    rows = [row_of(schema, one, run_id) for one in recordings]
    for column, (kind, value) in (extra or {}).items():
        schema = schema.append(pa.field(column, kind))
        rows = [row | {column: value} for row in rows]
    path = output / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path, compression="zstd", version="2.6")


def write_run(
    output: Path, run_id: str, recordings: Sequence[str], *, tables: Sequence[str] = tuple(SCHEMAS), ended: bool = True
) -> list[str]:
    """Writes what a run leaves: its table files, and with `ended` its list and its summary."""
    names = [f"{table}/{TableFile(RUN_DATE, run_id, 0).name}" for table in tables]
    for name in names:
        write_file(output, name, recordings, run_id)
    if ended:
        list_run(output, run_id, names)
    return names


def list_run(output: Path, run_id: str, names: Sequence[str]) -> None:
    """Writes the list and the summary that end a run."""
    listed = {name: FileEntry.of(output / name) for name in names}
    write_run_files(str(output), RunFiles(run_id, listed), None)
    (output / "runs" / run_id / "summary.json").write_text("{}")


def keep(output: Path, kind: str) -> None:
    """Lets the output keep tables of this format."""
    catalog = f"sqlite:///{output.parent}/catalogue.db"
    remember_format(str(output), TableFormat(kind, catalog, NAMESPACE) if kind == "iceberg" else TableFormat(kind))


class Reader:
    """Reads tables as their users do, without Hushbeam."""

    def __init__(self, output: Path, kind: str) -> None:
        self._output = output
        self.kind = kind

    def iceberg(self, table: str) -> Any:
        """The Iceberg table."""
        from pyiceberg.catalog import load_catalog  # noqa: PLC0415

        catalog = load_catalog("hushbeam", uri=f"sqlite:///{self._output.parent}/catalogue.db")
        try:
            return catalog.load_table((NAMESPACE, table))
        finally:
            catalog.close()

    def delta(self, table: str, version: int | None = None) -> Any:
        """The Delta table."""
        from deltalake import DeltaTable  # noqa: PLC0415

        return DeltaTable(str(self._output / table), version=version)

    def arrow(self, table: str = "transcripts") -> pa.Table:
        """All rows now."""
        if self.kind == "iceberg":
            return self.iceberg(table).scan().to_arrow()
        return self.delta(table).to_pyarrow_table()

    def recordings(self, table: str = "transcripts") -> list[tuple[str, str]]:
        """Recordings and runs of all rows, sorted; a row that is read twice is there twice."""
        rows = self.arrow(table)
        return sorted(zip(rows["recording_id"].to_pylist(), rows["run_id"].to_pylist(), strict=True))

    def versions(self, table: str = "transcripts") -> list[Any]:
        """Names of snapshots or versions that can be asked for, the current one last."""
        if self.kind == "iceberg":
            return [one.snapshot_id for one in self.iceberg(table).snapshots()]
        current = self.delta(table).version()
        return [version for version in range(current + 1) if self._opens(table, version)]

    def arrow_at(self, version: Any, table: str = "transcripts") -> pa.Table:
        """All rows at a snapshot or version."""
        if self.kind == "iceberg":
            return self.iceberg(table).scan(snapshot_id=version).to_arrow()
        return self.delta(table, version).to_pyarrow_table()

    def runs_of_snapshots(self, table: str = "transcripts") -> list[str]:
        """The jobs that changed rows, by the snapshots that they made."""
        if self.kind == "iceberg":
            return [one.summary["hushbeam.run-id"] for one in self.iceberg(table).snapshots()]
        history = reversed(self.delta(table).history())
        return [entry["hushbeam.run-id"] for entry in history if "hushbeam.run-id" in entry]

    def _opens(self, table: str, version: int) -> bool:
        try:
            self.delta(table, version)
        except Exception:  # noqa: BLE001 - whatever the library says of a version that is not there
            return False
        return True
