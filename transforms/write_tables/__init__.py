"""Parquet files of one run's rows."""

from hushbeam.transforms.write_tables.transform import WriteTables

__all__ = ["WriteTables"]
