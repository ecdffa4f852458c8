"""The tables of an output root: Parquet files, checksums of rows, and the list of files that each run signs."""
