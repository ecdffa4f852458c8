"""Small Parquet files that expand to gigabytes, each made within seconds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def repeated_value(path: Path) -> None:
    """2,000 rows of one value of a megabyte, which stands in the file once, compressed."""
    values = pa.DictionaryArray.from_arrays(pa.array([0] * 2000, pa.int32()), pa.array(["x" * 1_000_000]))
    _write(path, values)


def long_value(path: Path) -> None:
    """One row whose page takes more than a child may."""
    pq.write_table(
        pa.table({"audio_url": ["x" * 600_000_000]}),
        path,
        compression="zstd",
        use_dictionary=False,
        write_statistics=False,
    )


def long_list(path: Path) -> None:
    """One row whose list has forty million elements, which compress to nothing."""
    elements = pa.Array.from_buffers(pa.int8(), 40_000_000, [None, pa.py_buffer(bytes(40_000_000))])
    _write(path, pa.LargeListArray.from_arrays(pa.array([0, len(elements)], pa.int64()), elements))


def many_columns(path: Path) -> None:
    pq.write_table(pa.table({f"column_{number}": ["a"] for number in range(1000)}), path)


def deep_nesting(path: Path) -> None:
    kind: pa.DataType = pa.string()
    value: object = "v"
    for _ in range(150):
        kind, value = pa.struct([("a", kind)]), {"a": value}
    pq.write_table(pa.table({"audio_url": pa.array([value], kind)}), path)


def _write(path: Path, values: pa.Array) -> None:
    pq.write_table(pa.table({"audio_url": values}), path, compression="zstd", write_statistics=False)


BOMBS: dict[str, Callable[[Path], None]] = {
    bomb.__name__: bomb for bomb in (repeated_value, long_value, long_list, many_columns, deep_nesting)
}
