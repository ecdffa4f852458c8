"""Delta tables over the Parquet files of an output root: each table's folder gets a `_delta_log/`."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pyarrow as pa

from hushbeam.transforms.archive.tables.layout import PARTITION, SCHEMAS
from hushbeam.transforms.base.optional_packages import needed_by
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.urls import join
from hushbeam.transforms.table_formats.delta_settings import store_settings
from hushbeam.transforms.table_formats.published import (
    Names,
    read_footers,
    run_date,
    table_schema,
    united,
)

_LOG = "_delta_log"
_VERSION = re.compile(r"(?P<version>\d{20})\..+")
_DESCRIPTION = "comment"


class DeltaTables:
    """The Delta tables of an output root. They need no catalogue: each is found by its folder."""

    conflicts = ("CommitFailedError",)

    def __init__(self, output: str) -> None:
        with needed_by("--tables: delta", "delta"):
            import deltalake  # noqa: F401, PLC0415
        self._output = output
        self._settings = store_settings(output)

    def check(self) -> None:
        """Checks that the library reaches the store, by its own settings. Creates nothing."""
        self._existing(next(iter(SCHEMAS)))

    def open(self, table: str, schema: pa.Schema) -> DeltaFormatTable:
        """A table, which is created if there is none."""
        from deltalake import DeltaTable, Schema  # noqa: PLC0415

        found = self._existing(table)
        if found is None:
            DeltaTable.create(
                join(self._output, table),
                Schema.from_arrow(table_schema(schema, description_key=_DESCRIPTION)),
                mode="ignore",
                name=table,
                partition_by=[PARTITION],
                storage_options=self._settings,
            )
            found = DeltaTable(join(self._output, table), storage_options=self._settings)
        return DeltaFormatTable(self._output, table, found)

    def _existing(self, table: str) -> Any:
        """The table as the library knows it, or None."""
        from deltalake import DeltaTable  # noqa: PLC0415
        from deltalake.exceptions import TableNotFoundError  # noqa: PLC0415

        # `is_deltatable` would stop all threads while it waits for a store, also the one that keeps the lock.
        try:
            return DeltaTable(join(self._output, table), storage_options=self._settings)
        except TableNotFoundError:
            return None


class DeltaFormatTable:
    """One Delta table."""

    def __init__(self, output: str, table: str, delta: Any) -> None:
        self._output = output
        self._table = table
        self._folder = join(output, table)
        self._delta = delta
        actions = pa.table(delta.get_add_actions(flatten=True))
        paths = [f"{table}/{path}" for path in actions["path"].to_pylist()]
        # An empty table's actions lack the column.
        values = actions[f"partition.{PARTITION}"].to_pylist() if paths else []
        self._partitions = dict(zip(paths, values, strict=True))
        self.names: Names = dict(zip(paths, actions["size_bytes"].to_pylist(), strict=True))

    def change(self, added: Names, removed: Names, schema: pa.Schema, run_id: str) -> None:
        """Adds and removes files in one commit; new columns come in one before, which changes no row."""
        from deltalake import Schema  # noqa: PLC0415
        from deltalake.transaction import AddAction, CommitProperties, RemoveAction  # noqa: PLC0415

        footers = read_footers(self._output, added)
        self._add_columns(united([one.schema.to_arrow_schema() for one in footers.values()], schema))
        now = time.time_ns() // 1_000_000
        actions: list[Any] = [
            # Numbers of rows alone: least and greatest values would keep ids in the log.
            AddAction(
                self._path(name),
                size,
                self._values(run_date(name)),
                now,
                True,
                json.dumps({"numRecords": footers[name].num_rows}),
            )
            for name, size in added.items()
        ]
        actions += [
            RemoveAction(self._path(name), True, now, size=size, partition_values=self._values(self._partitions[name]))
            for name, size in removed.items()
            if name not in added  # a file that is added again takes its own place
        ]
        self._delta.create_write_transaction(
            actions,
            "append",
            Schema.from_arrow(pa.schema(self._delta.schema())),
            partition_by=[PARTITION],
            commit_properties=CommitProperties(custom_metadata={"hushbeam.run-id": run_id}, max_commit_retries=0),
        )

    def forget(self, published: Names) -> None:
        """Removes all earlier versions, and files that only they name."""
        unnamed = {f"{self._table}/{path}" for path in self._delta.vacuum(0, True, False)} - published.keys()
        self._delta.create_checkpoint()
        files.delete_many([join(self._output, name) for name in sorted(unnamed)])
        version = self._delta.version()
        log = join(self._folder, _LOG)
        files.delete_many([join(log, name) for name in files.list_names(log) if _is_before(name, version)])

    @property
    def has_history(self) -> bool:
        """Whether an earlier version can be read."""
        log = join(self._folder, _LOG)
        return any(_is_before(name, self._delta.version()) for name in files.list_names(log))

    def _path(self, name: str) -> str:
        return name.removeprefix(f"{self._table}/")

    def _values(self, partition: object) -> dict[str, str | None]:
        return {PARTITION: None if partition is None else str(partition)}

    def _add_columns(self, wanted: pa.Schema) -> None:
        from deltalake import Schema  # noqa: PLC0415

        known = {field.name: field.type for field in self._delta.schema().fields}
        asked = Schema.from_arrow(table_schema(wanted, description_key=_DESCRIPTION))
        if new := [field for field in asked.fields if _lacks(known.get(field.name), field.type)]:
            self._delta.alter.add_columns(new)
            self._delta.update_incremental()


def _lacks(known: Any, asked: Any) -> bool:
    """Whether a column is missing, or a struct inside of it lacks a field."""
    if known is None:
        return True
    inner = {"struct": ("fields",), "array": ("element_type",), "map": ("value_type",)}.get(getattr(known, "type", ""))
    if inner is None or getattr(asked, "type", "") != known.type:
        return False
    if inner == ("fields",):
        names = {field.name: field.type for field in known.fields}
        return any(_lacks(names.get(field.name), field.type) for field in asked.fields)
    return _lacks(getattr(known, inner[0]), getattr(asked, inner[0]))


def _is_before(name: str, version: int) -> bool:
    match = _VERSION.fullmatch(name)
    return match is not None and int(match["version"]) < version
