"""Iceberg tables over the Parquet files of an output root, in a catalogue that PyIceberg knows.

PyIceberg's own `add_files` cannot remove files in the same snapshot, nor take a partition from a file's folder. Entries
of files are made here as it makes them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import pyarrow as pa

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.archive.runs.table_format import FORMAT_RECORD, TableFormat, recorded_format
from hushbeam.transforms.archive.tables.layout import PARTITION, SCHEMAS
from hushbeam.transforms.base.optional_packages import needed_by
from hushbeam.transforms.storage import urls
from hushbeam.transforms.storage.urls import join
from hushbeam.transforms.table_formats.published import (
    Names,
    read_footers,
    run_date,
    table_schema,
    united,
)

_DESCRIPTION = "doc"
OUTPUT_ROOT = "hushbeam.output-root"
"""Property of a catalogue or a table that names the output root."""
_OUTPUT_FILES = "hushbeam.transforms.table_formats.metadata_files.OutputFiles"
_PROPERTIES = {
    "format-version": "2",
    # Counts alone: least and greatest values would keep ids and texts in the metadata.
    "write.metadata.metrics.default": "counts",
    # Otherwise each run adds a manifest, which every query reads.
    "commit.manifest-merge.enabled": "true",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
}
_TIME = "processed_at"
_MAIN = "main"
_AT_ONCE = 16


class IcebergTables:
    """The Iceberg tables of an output root: `NAMESPACE.transcripts` and so on.

    Raises:
      ConfigurationError: PyIceberg is missing, or does not know the catalogue.
    """

    conflicts = ("CommitFailedException", "CommitStateUnknownException", "TableAlreadyExistsError")

    def __init__(self, output: str, kept: TableFormat) -> None:
        with needed_by("--tables: iceberg", "iceberg"):
            from pyiceberg.catalog import load_catalog  # noqa: PLC0415
            from pyiceberg.exceptions import NotInstalledError  # noqa: PLC0415
        self._output = output
        self._namespace = tuple(kept.namespace.split("."))
        try:
            if "://" in kept.catalog:
                self._catalog = load_catalog("hushbeam", uri=kept.catalog)
            else:
                self._catalog = load_catalog(kept.catalog)
        except (NotInstalledError, ImportError):
            raise ConfigurationError(
                "--iceberg_catalog: PyIceberg needs more packages for this kind of catalogue; see its documentation, "
                "for example pip install 'pyiceberg[glue]'"
            ) from None
        except Exception as error:  # noqa: BLE001 - catalogues have errors of their own
            raise ConfigurationError(
                f"--iceberg_catalog: PyIceberg could not open it ({type(error).__name__}); name a catalogue of "
                "~/.pyiceberg.yaml or of the variables PYICEBERG_CATALOG__NAME__URI, or give its URI"
            ) from None
        if not urls.is_local(output):
            self._catalog.properties.setdefault("py-io-impl", _OUTPUT_FILES)
            self._catalog.properties[OUTPUT_ROOT] = output

    def open(self, table: str, schema: pa.Schema) -> IcebergFormatTable:
        """A table, which is created if there is none."""
        from pyiceberg.exceptions import NoSuchTableError  # noqa: PLC0415

        identifier = (*self._namespace, table)
        try:
            found = self._catalog.load_table(identifier)
        except NoSuchTableError:
            found = self._create(identifier, schema)
        self._require_own(identifier, found)
        return IcebergFormatTable(self._output, found)

    def check(self) -> None:
        """Checks that no table there is of another output. Creates none.

        Raises:
          ConfigurationError: One is.
        """
        from pyiceberg.exceptions import NoSuchTableError  # noqa: PLC0415

        for table in SCHEMAS:
            identifier = (*self._namespace, table)
            with suppress(NoSuchTableError):
                self._require_own(identifier, self._catalog.load_table(identifier))

    def _require_own(self, identifier: tuple[str, ...], table: Any) -> None:
        if table.properties.get(OUTPUT_ROOT) != self._output:
            first = "" if recorded_format(self._output) is None else f"delete {FORMAT_RECORD} in the output and "
            raise ConfigurationError(
                f"--iceberg_namespace: the table {'.'.join(identifier)} there is of another output, or of this one "
                f"before it was moved; {first}name another namespace, or drop the table"
            )

    def _create(self, identifier: tuple[str, ...], schema: pa.Schema) -> Any:
        wanted = table_schema(schema, description_key=_DESCRIPTION)
        self._catalog.create_namespace_if_not_exists(self._namespace)
        properties = _PROPERTIES | {OUTPUT_ROOT: self._output}
        if _TIME in wanted.names:  # Iceberg's own catalogue refuses a property of a column that is not there
            properties[f"write.metadata.metrics.column.{_TIME}"] = "full"
        location = None
        if not self._has_warehouse():
            location = join(self._output, "iceberg", identifier[-1])
        creating = self._catalog.create_table_transaction(identifier, wanted, location=location, properties=properties)
        with creating as transaction, transaction.update_spec() as spec:
            spec.add_identity(PARTITION)
        return self._catalog.load_table(identifier)

    def _has_warehouse(self) -> bool:
        """Whether the catalogue decides where the metadata of a new table lies; servers always do."""
        if self._catalog.properties.get("type") == "rest" or type(self._catalog).__name__ == "RestCatalog":
            return True
        return bool(
            self._catalog.properties.get("warehouse")
            or self._catalog.load_namespace_properties(self._namespace).get("location")
        )


class IcebergFormatTable:
    """One Iceberg table."""

    def __init__(self, output: str, table: Any) -> None:
        self._output = output
        self._iceberg = table
        # In memory alone: PyIceberg would repeat a commit on top of another writer's, which may hold the same files.
        table.metadata.properties["commit.retry.num-retries"] = "0"
        self._files = {file.file_path: file for file in _current_files(table)}
        self.names: Names = {self._name(path): file.file_size_in_bytes for path, file in self._files.items()}

    def change(self, added: Names, removed: Names, schema: pa.Schema, run_id: str) -> None:
        """Adds and removes files, and adds new columns, in one commit with one snapshot."""
        footers = read_footers(self._output, added)
        wanted = united([one.schema.to_arrow_schema() for one in footers.values()], schema)
        with self._iceberg.transaction() as transaction:
            asked = table_schema(wanted, description_key=_DESCRIPTION)
            self._map_names(transaction)
            with transaction.update_schema() as update:
                update.union_by_name(asked)
            self._map_names(transaction)
            updating = transaction.update_snapshot(snapshot_properties={"hushbeam.run-id": run_id})
            with updating.overwrite() if removed else updating.merge_append() as snapshot:
                for name, size in added.items():
                    snapshot.append_data_file(self._entry(name, size, footers[name], transaction.table_metadata))
                for name in removed:
                    snapshot.delete_data_file(self._files[self._path(name)])

    def forget(self, published: Names) -> None:
        """Removes all earlier snapshots, branches and tags, and files that only they name."""
        table = self._iceberg.refresh()
        data, metadata = _referenced(table)
        for name, reference in table.refs().items():
            if name != _MAIN:
                managing = table.manage_snapshots()
                remove = managing.remove_tag if reference.snapshot_ref_type == "tag" else managing.remove_branch
                remove(name).commit()
                table.refresh()
        current = table.current_snapshot()
        if earlier := [
            one.snapshot_id for one in table.snapshots() if current and one.snapshot_id != current.snapshot_id
        ]:
            table.maintenance.expire_snapshots().by_ids(earlier).commit()
            table.refresh()
        data_now, metadata_now = _referenced(table)
        kept = data_now | metadata_now | {self._path(name) for name in published}
        for path in sorted((data | metadata) - kept):
            _delete(table.io, path)

    @property
    def has_history(self) -> bool:
        """Whether an earlier snapshot can be read."""
        return len(self._iceberg.snapshots()) > 1 or len(self._iceberg.refs()) > 1

    def _name(self, path: str) -> str:
        return path.removeprefix(f"{self._output}/")

    def _path(self, name: str) -> str:
        return name if name in self._files else join(self._output, name)

    @staticmethod
    def _map_names(transaction: Any) -> None:
        """Lets readers find columns by name, since the files have no field ids."""
        from pyiceberg.table import TableProperties  # noqa: PLC0415

        mapping = transaction.table_metadata.schema().name_mapping.model_dump_json()
        if transaction.table_metadata.properties.get(TableProperties.DEFAULT_NAME_MAPPING) != mapping:
            transaction.set_properties({TableProperties.DEFAULT_NAME_MAPPING: mapping})

    def _entry(self, name: str, size: int, footer: Any, metadata: Any) -> Any:
        from pyiceberg.io.pyarrow import (  # noqa: PLC0415
            compute_statistics_plan,
            data_file_statistics_from_parquet_metadata,
            parquet_path_to_id_mapping,
        )
        from pyiceberg.manifest import DataFile, DataFileContent, FileFormat  # noqa: PLC0415
        from pyiceberg.typedef import Record  # noqa: PLC0415
        from pyiceberg.utils.datetime import date_to_days  # noqa: PLC0415

        schema = metadata.schema()
        with _without_warnings():
            statistics = data_file_statistics_from_parquet_metadata(
                footer, compute_statistics_plan(schema, metadata.properties), parquet_path_to_id_mapping(schema)
            )
        return DataFile.from_args(
            content=DataFileContent.DATA,
            file_path=join(self._output, name),
            file_format=FileFormat.PARQUET,
            partition=Record(date_to_days(run_date(name))),  # as manifests hold a date
            file_size_in_bytes=size,
            sort_order_id=None,
            spec_id=metadata.default_spec_id,
            equality_ids=None,
            key_metadata=None,
            **statistics.to_serialized_dict(),
        )


def _current_files(table: Any) -> Iterator[Any]:
    """The entries of all data files, also of those without rows, which a scan leaves out."""
    snapshot = table.current_snapshot()
    manifests = [] if snapshot is None else snapshot.manifests(table.io)
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="manifests") as threads:
        for entries in threads.map(lambda manifest: manifest.fetch_manifest_entry(table.io), manifests):
            yield from (entry.data_file for entry in entries)


def _referenced(table: Any) -> tuple[set[str], set[str]]:
    """Data files, and files of metadata, that the snapshots of a table name."""
    data: set[str] = set()
    metadata: set[str] = set()
    for snapshot in table.snapshots():
        metadata.add(snapshot.manifest_list)
        for manifest in _manifests(snapshot, table.io):
            if manifest.manifest_path not in metadata:
                metadata.add(manifest.manifest_path)
                data.update(entry.data_file.file_path for entry in manifest.fetch_manifest_entry(table.io))
    return data, metadata


def _manifests(snapshot: Any, io: Any) -> list[Any]:
    try:
        return list(snapshot.manifests(io))
    except FileNotFoundError:
        return []  # a forgetting that was killed


def _delete(io: Any, path: str) -> None:
    with suppress(FileNotFoundError):
        io.delete(path)


@contextmanager
def _without_warnings() -> Iterator[None]:
    """PyIceberg warns of every column of a file without rows, which has no statistics."""
    log = logging.getLogger("pyiceberg.io.pyarrow")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)
