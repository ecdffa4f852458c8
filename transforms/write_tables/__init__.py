"""From rows to the Parquet files of one run."""

from hushbeam.transforms.write_tables.transform import WriteTable

__all__ = ["WriteTable"]
