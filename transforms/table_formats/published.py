"""The table files of all runs, and what a table format needs to know of them.

Everything that this package knows of the layout of Parquet files is here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq

from hushbeam.schemas.errors import RunError
from hushbeam.transforms.archive.tables.file_lists import read_file_lists
from hushbeam.transforms.archive.tables.layout import PARTITION, SCHEMAS, parse
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.urls import join

Names = dict[str, int]
"""Table files: their sizes in bytes by name, relative to the output root."""

_AT_ONCE = 16


def published_files(output: str) -> dict[str, Names]:
    """The files of each table that the file lists of ended runs name.

    Files that a killed job was about to remove are left out: what they held may have to be forgotten.

    Raises:
      RunError: The list of an ended run is missing or damaged, so that its rows would be taken out of the tables.
    """
    # Every list: the record of lists (`earlier_runs`) names no files, and a forged one must not add or take away rows.
    found = read_file_lists(output)
    if unlisted := sorted(found.ended - found.lists.keys()):
        raise RunError(
            f"runs/{unlisted[0]}/files.json in the output is missing or damaged, so that the tables cannot be updated; "
            "restore it from a copy; hushbeam audit shows details"
        )
    published: defaultdict[str, Names] = defaultdict(dict)
    for run_id, listed in found.lists.items():
        if listed.has_summary and run_id not in found.ended:
            continue  # killed before its end: the next run lists what stays of it
        for name, entry in listed.files.items():
            table, _, rest = name.partition("/")
            if table in SCHEMAS and rest.endswith(".parquet") and listed.changing.get(name, entry) is not None:
                published[table][name] = entry.size_bytes
    return published


def read_footers(output: str, names: Collection[str]) -> dict[str, pq.FileMetaData]:
    """The footers of table files by name.

    Raises:
      RunError: One is not a Parquet file.
      StorageError: The store fails.
    """

    def read(name: str) -> pq.FileMetaData:
        try:
            with files.open_read(join(output, name)) as file:
                return pq.read_metadata(file)
        except pa.ArrowInvalid:
            raise RunError(
                f"{name} in the output is damaged, so that the tables cannot be updated; restore it from a copy; "
                "hushbeam audit shows details"
            ) from None

    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="footers") as threads:
        return dict(zip(names, threads.map(read, names), strict=True))


def run_date(name: str) -> date:
    """The partition of a table file, which the name of its folder holds, and no column."""
    file = parse(name.partition("/")[2])
    if file is None:
        raise RunError(f"{name} in the output is no name that a run gives to a table file")
    return date.fromisoformat(file.run_date)


def table_schema(schema: pa.Schema, *, description_key: str) -> pa.Schema:
    """The schema of a table: all columns may be empty, so that files from before a column was added can be read. The
    last is the partition, also of a table that has no file yet: it cannot be added later.

    Args:
      description_key: The key of a field's metadata under which the table format looks for its description.
    """
    fields = [_optional(field, description_key) for field in schema]
    return pa.schema([*fields, pa.field(PARTITION, pa.date32())])


def united(schemas: Collection[pa.Schema], first: pa.Schema) -> pa.Schema:
    """One schema with the fields of all, also inside of structs: first those of `first`."""
    fields = {field.name: field for field in first}
    for schema in schemas:
        for field in schema:
            known = fields.get(field.name)
            fields[field.name] = field if known is None else known.with_type(_united(known.type, field.type))
    return pa.schema(list(fields.values()))


def _optional(field: pa.Field, description_key: str) -> pa.Field:
    metadata: Mapping[bytes, bytes] = field.metadata or {}
    described = {description_key: text.decode()} if (text := metadata.get(b"description")) else None
    return pa.field(field.name, _optional_type(field.type, description_key), nullable=True, metadata=described)


def _optional_type(kind: pa.DataType, key: str) -> pa.DataType:
    if pa.types.is_struct(kind):
        return pa.struct([_optional(kind.field(place), key) for place in range(kind.num_fields)])
    if pa.types.is_list(kind):
        return pa.list_(_optional_type(kind.value_type, key))
    if pa.types.is_map(kind):
        return pa.map_(kind.key_type, _optional_type(kind.item_type, key))
    return kind


def _united(known: pa.DataType, other: pa.DataType) -> pa.DataType:
    if pa.types.is_struct(known) and pa.types.is_struct(other):
        both = united([pa.schema(list(other))], pa.schema(list(known)))
        return pa.struct(list(both))
    if pa.types.is_list(known) and pa.types.is_list(other):
        return pa.list_(_united(known.value_type, other.value_type))
    if pa.types.is_map(known) and pa.types.is_map(other):
        return pa.map_(known.key_type, _united(known.item_type, other.item_type))
    return known
