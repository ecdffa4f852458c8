"""The records that pass between stages, each beside the Parquet schema that it is written with."""
