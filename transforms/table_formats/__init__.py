"""Table formats: registers the Parquet files of runs in Iceberg or Delta tables."""

from typing import TYPE_CHECKING

from hushbeam.transforms.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from hushbeam.transforms.table_formats.settings import TableSettings
    from hushbeam.transforms.table_formats.transform import RegisterTables
    from hushbeam.transforms.table_formats.update import check_format, update_tables

__all__ = ["RegisterTables", "TableSettings", "check_format", "update_tables"]

__getattr__ = lazy_exports(
    __name__,
    settings=("TableSettings",),
    transform=("RegisterTables",),
    update=("check_format", "update_tables"),
)
