"""Records that pass between stages, with their Parquet schemas."""
