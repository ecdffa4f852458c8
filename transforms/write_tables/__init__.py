"""Parquet files of one run's rows."""

from hushbeam.transforms.write_tables.transform import WriteTable

__all__ = ["WriteTable"]
