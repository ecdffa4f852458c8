"""Columns of the output tables: Arrow fields that carry their meaning, unit and an example."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

SCHEMA_VERSION = 1
"""Raised when a column is added, which must then be nullable. Columns are never removed or given another type."""

TABLE, VERSION = "hushbeam_table", "hushbeam_schema_version"
"""Keys of the metadata of every table file."""


def column(
    name: str, kind: pa.DataType, meaning: str, example: str = "", *, unit: str = "", nullable: bool = False
) -> pa.Field:
    """A field whose description travels with each Parquet file, and from which docs/reference/tables.md is made."""
    described = {"description": meaning, "unit": unit, "example": example}
    return pa.field(name, kind, nullable=nullable, metadata={key: text for key, text in described.items() if text})


def table_schema(table: str, columns: Iterable[pa.Field]) -> pa.Schema:
    """The schema of a table, with its name and version as metadata."""
    return pa.schema(list(columns), metadata={TABLE: table, VERSION: str(SCHEMA_VERSION)})


def processed_at() -> pa.Field:
    """The column that orders the rows of a recording, and whose UTC date is the partition `run_date`."""
    return column(
        "processed_at",
        pa.timestamp("us", tz="UTC"),
        "Start of the run in `run_id`; its UTC date is the partition `run_date`. "
        "Of several rows of a recording, the one with the latest is current",
        "2026-11-29 02:00:00.123456+00:00",
    )


def version_of(schema: pa.Schema) -> int | None:
    """The version in a table file's schema; None for a file of something else."""
    text = (schema.metadata or {}).get(VERSION.encode(), b"").decode("ascii", "replace")
    return int(text) if text.isascii() and text.isdigit() else None


def is_readable(found: pa.Schema, expected: pa.Schema) -> bool:
    """Whether a file has a schema that this version or an earlier one writes for a table."""
    version = version_of(found)
    if (
        version is None
        or version > SCHEMA_VERSION
        or found.metadata[TABLE.encode()] != expected.metadata[TABLE.encode()]
    ):
        return False
    if version == SCHEMA_VERSION:
        return bool(found.equals(expected))
    known = pa.schema([field for field in expected if field.name in found.names])
    added = [field for field in expected if field.name not in found.names]
    return bool(pa.schema(list(found)).equals(known)) and all(field.nullable for field in added)
