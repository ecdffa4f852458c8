"""Tables of an output root: Parquet files, checksums of rows, and signed lists of the files of each run."""
