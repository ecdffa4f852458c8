"""From rows to the Parquet files of one run."""

from hushbeam.transforms.write_tables.transform import Row, WriteTable

__all__ = ["Row", "WriteTable"]
