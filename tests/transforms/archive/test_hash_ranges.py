"""Rows divided by hashes are given back range by range, whether they fitted into memory or not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hushbeam.transforms.archive import hash_ranges
from hushbeam.transforms.archive.hash_ranges import RANGES, HashRanges
from hushbeam.transforms.storage.errors import StorageError


def _hashes(number: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.random.default_rng(0).integers(0, 1 << 64, number, np.uint64)


@pytest.mark.parametrize("at_once", [1, 7, 100, 10_000])
def test_each_range_has_its_rows_in_the_order_in_which_they_came(
    tmp_path: Path, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hash_ranges, "_ROWS_IN_MEMORY", at_once)
    hashes = _hashes(1000)
    names = np.array([(f"{number}", number) for number in range(1000)], object)
    ranges = HashRanges(tmp_path / "rows", np.zeros((0, 2), object))
    for start in range(0, 1000, 30):
        ranges.add(hashes[start : start + 30], names[start : start + 30])
    expected = [names[hashes >> np.uint64(58) == number].tolist() for number in range(RANGES)]
    for _ in range(2):
        assert [rows.tolist() for rows in ranges] == expected
    assert (tmp_path / "rows").exists() == (at_once < 1000), "few rows stay in memory"


def test_without_rows_every_range_is_empty(tmp_path: Path) -> None:
    assert [len(rows) for rows in HashRanges(tmp_path, np.zeros(0))] == [0] * RANGES


def test_a_folder_that_is_gone_is_an_error_that_names_no_path(tmp_path: Path) -> None:
    ranges = HashRanges(tmp_path / "gone" / "rows", np.zeros(0))
    with pytest.raises(StorageError) as raised:
        ranges.add(_hashes(1 << 14), np.zeros(1 << 14))
    assert str(tmp_path) not in str(raised.value)
